"""Whether the same spec gives the same bits: again, with probes, and after a resumption."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from bench.gpu.conditions import KINDS, Conditions, Row, Verdict
from bench.gpu.training import (
    Key,
    Run,
    cancel_after,
    differing,
    make_spec,
    readings_of,
    train_on,
)
from worker.training.checkpoint import Start, unpack

#: Where a look of the probes differs, and not the training.
RICH: Mapping[str, JsonValue] = {
    "model": {
        "kind": "lstm",
        "hidden_size": 32,
        "num_layers": 2,
        "bidirectional": True,
        "dropout": 0.2,
    },
    "dataset": {"kind": "copy_memory", "length": 30},
}


def measure(conditions: Conditions) -> Iterator[Row]:
    """Four comparisons of each spec."""
    num_steps = 12 if conditions.is_quick else 120
    named: dict[str, Mapping[str, JsonValue]] = {
        **{kind: {"model": {"kind": kind, "hidden_size": 64}} for kind in KINDS},
        "lstm, two layers, both ways": RICH,
    }
    if conditions.is_quick:
        named = {"gru": {"model": {"kind": "gru", "hidden_size": 8}, "dataset": {"length": 20}}}
    for name, patch in named.items():
        yield from _comparisons(conditions, name, patch, num_steps)


def _comparisons(
    conditions: Conditions, name: str, patch: Mapping[str, JsonValue], num_steps: int
) -> Iterator[Row]:
    third = num_steps // 3

    def spec_with(tier: str) -> JobSpec:
        changes: dict[str, JsonValue] = {
            "training": {"num_steps": num_steps, "evaluate_every": third},
            "probes": {"tier": tier, "every": third},
        }
        return make_spec(merge_patch(patch, changes))

    plain, probed = spec_with("off"), spec_with("full")
    first = train_on(plain, conditions.device)
    yield _row(name, "run again", first, train_on(plain, conditions.device))
    looked_at = train_on(probed, conditions.device)
    known = frozenset(readings_of(first.batches))
    yield _row(name, "with full probes", first, looked_at, only=known)
    yield _row(name, "full probes again", looked_at, train_on(probed, conditions.device))
    yield _row(name, "resumed", first, _resumed(conditions, plain, after=num_steps // 2))


def _resumed(conditions: Conditions, spec: JobSpec, *, after: int) -> Run:
    """Stopped after some steps and continued from the bytes of the checkpoint."""
    before = train_on(spec, conditions.device, stop_requested=cancel_after(after))
    start = Start(checkpoint=unpack(before.checkpoints[after]))
    rest = train_on(spec, conditions.device, start=start)
    return Run(outcome=rest.outcome, batches=[*before.batches, *rest.batches])


def _row(
    name: str, comparison: str, one: Run, other: Run, *, only: frozenset[Key] | None = None
) -> Row:
    first, second = readings_of(one.batches), readings_of(other.batches)
    if only is not None:
        second = {key: values for key, values in second.items() if key in only}
    apart = differing(first, second)
    return {
        "spec": name,
        "comparison": comparison,
        "weights_equal": one.weights_sha256 == other.weights_sha256,
        "readings": len(first),
        "readings_differ": len(apart),
        "first_differences": [list(key) for key in apart[:5]],
        "weights_sha256": one.weights_sha256[:16],
    }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Every comparison must hold."""
    return [
        Verdict(
            is_right=bool(row["weights_equal"]) and row["readings_differ"] == 0,
            sentence=(
                f"{row['spec']}, {row['comparison']}: weights "
                f"{'equal' if row['weights_equal'] else 'DIFFER'}, {row['readings_differ']} of "
                f"{row['readings']} readings differ."
            ),
        )
        for row in rows
    ]
