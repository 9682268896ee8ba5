"""Counts how often the change that tests one cause lets a run with another one learn its task.

    python -m bench.diagnosis.experiment_results

The labels hold what came of single changes of failed runs with a known fault. Some of them are the
changes, or nearly those, by which a diagnosis tests a cause. An experiment is one run, so that the
first seed of each alone counts; the cause of a run is the fault that was injected, whatever cured
it. Undoing a fault of the spec counts as a test of its cause where no other change tests it.

The counts are written beside the domain's code. What is printed is how much the results of the
first experiments help to name the cause, by counts and rankings from other families of tasks.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from types import MappingProxyType

from app.domain.diagnosis.experiments import learned as written
from app.domain.diagnosis.experiments.learned import (
    LEARNED_FROM,
    Count,
    Counts,
    chance_of_learning,
)
from app.domain.diagnosis.findings import RankedCause
from bench.diagnosis.example import Example, read_examples
from bench.diagnosis.fit import causes_of, held_out, honest, is_right, rank_example
from bench.diagnosis.fresh import CALIBRATION, plan_named
from bench.diagnosis.labels import LABELS, Diagnosed, read_labels
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import RUNS, read_runs

TARGET = Path(written.__file__).with_name("learned.json")
#: Single change -> the causes that it tests.
TESTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rate×0.1": ("learning_rate_too_high",),
        "rate×10": ("learning_rate_too_low", "too_few_steps"),
        "full_bptt": ("truncated_backpropagation",),
        "gru": ("contractive_recurrence",),
        "orthogonal": ("expansive_recurrence",),
        "forget_bias_1": ("closed_gates",),
        "no_penalty": ("penalty_dominates",),
        "no_decay": ("penalty_dominates",),
        "no_dropout": ("dropout_too_high",),
        "more_units": ("capacity_too_small",),
        "window×3": ("window_too_short",),
        "mae": ("outliers_dominate",),
        "whole_sequences": ("max_length_too_short",),
    }
)
#: What the control tests, which is the run with another seed.
ANOTHER_SEED = "unreliable_start"
#: Experiments whose results are used: as many as a diagnosis offers.
MOST = 2
#: Shares of the steps at which runs are ranked: early, where little is known, and at the end.
SHARES = (0.1, 1.0)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a run with a known fault made of the tests of causes."""

    key: str
    #: Of its task.
    family: str
    injected: frozenset[str]
    #: Code of the cause that is tested -> whether the run learned its task.
    has_learned: Mapping[str, bool]


def tried(run: PlannedRun, label: Diagnosed) -> Tried:
    """Returns the tests of a run, each by its first seed."""
    found = {ANOTHER_SEED: label.control[0] >= LEARNED_FROM}
    undone = {f"undo:{one.kind}": one.leaf for one in run.injections if not one.options}
    for one in label.tried:
        for cause in TESTS.get(one.change, ()):
            found[cause] = one.progress[0] >= LEARNED_FROM
    for one in label.tried:
        if one.change in undone:
            found.setdefault(undone[one.change], one.progress[0] >= LEARNED_FROM)
    return Tried(
        key=run.key,
        family=run.family,
        injected=frozenset(one.leaf for one in run.injections),
        has_learned=found,
    )


def counts_of(runs: Sequence[Tried]) -> Counts:
    """Returns the counts by test and cause, in alphabetical order.

    Of a run with two faults, a test of one of them says nothing of the other.
    """
    num_tried: Counter[tuple[str, str]] = Counter()
    num_learned: Counter[tuple[str, str]] = Counter()
    for run in runs:
        for test, has_learned in run.has_learned.items():
            for cause in {test} if test in run.injected else run.injected:
                num_tried[test, cause] += 1
                num_learned[test, cause] += has_learned
    return {
        test: {
            cause: Count(tried=num_tried[test, cause], learned=num_learned[test, cause])
            for cause in sorted(cause for known, cause in num_tried if known == test)
        }
        for test in sorted({test for test, _ in num_tried})
    }


def weighed(
    ranked: Sequence[RankedCause], run: Tried, counts: Counts, *, most: int = MOST
) -> list[RankedCause]:
    """Returns the causes after the tests of the likeliest ones, as the diagnosis weighs them."""
    tests = [one.code for one in ranked if one.code in run.has_learned][:most]
    shares = {one.code: one.probability for one in ranked}
    for test in tests:
        for code in shares:
            chance = chance_of_learning(test, code, counts)
            shares[code] *= chance if run.has_learned[test] else 1 - chance
    total = sum(shares.values())
    after = [RankedCause(code=code, probability=share / total) for code, share in shares.items()]
    return sorted(after, key=lambda one: -one.probability)


def evaluation(
    runs: Sequence[Tried], examples: Sequence[Example], *, share: float
) -> Iterator[str]:
    """Yields how often the first cause is right, before and after, and the surprise in nats.

    The runs are ranked at this share of their steps.
    """
    judged = [one for one in examples if one.share == share]
    models = honest(judged, held_out(judged))
    by_key = {one.key: one for one in judged}
    before, after = [], []
    for run in runs:
        if (example := by_key.get(run.key)) is not None:
            ranked = rank_example(models[run.family], example)
            counts = counts_of([one for one in runs if one.family != run.family])
            before.append((ranked, example))
            after.append((weighed(ranked, run, counts), example))
    yield f"at {share:.0%} without experiments: {_told(before)}"
    yield f"at {share:.0%} with the first {MOST}: {_told(after)}"


def _told(rows: Sequence[tuple[Sequence[RankedCause], Example]]) -> str:
    right = [is_right(causes_of(ranked)[0], example) for ranked, example in rows]
    surprise = [
        -log(max(1e-3, sum(one.probability for one in ranked if is_right(one, example))))
        for ranked, example in rows
    ]
    share, nats = sum(right) / len(right), sum(surprise) / len(surprise)
    told = f"the first cause of {sum(right)} of {len(right)} runs is right ({share:.0%})"
    return f"{told}, {nats:.2f} nats"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--to", type=Path, default=TARGET)
    chosen = parser.parse_args()
    labels = read_labels(chosen.labels)
    plan = {run.key: run for run in plan_named(CALIBRATION)}
    runs = [tried(plan[key], label) for key, label in labels.items() if label.is_confirmed]
    counts = counts_of(runs)
    document = {
        test: {cause: count.model_dump() for cause, count in by_cause.items()}
        for test, by_cause in counts.items()
    }
    chosen.to.write_text(json.dumps({"counts": document}, indent=1) + "\n")
    examples = read_examples(read_runs(chosen.runs), labels)
    for share in SHARES:
        for line in evaluation(runs, examples, share=share):
            print(line)


if __name__ == "__main__":
    main()
