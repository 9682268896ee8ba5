"""Training that was interrupted anywhere and goes on is the training that was not."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.checkpoints import CheckpointParts
from app.domain.runs import BestScore, StopReason
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched
from app.domain.telemetry import LagProfile, ReadingBatch, ScalarReading, of_kind
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.training.checkpoint import (
    Checkpoint,
    Damaged,
    Notes,
    Saving,
    ScheduleNotes,
    Start,
    pack,
    unpack,
)
from worker.training.fingerprint import differences, take_fingerprint
from worker.training.instability import Finiteness, InstabilityGuard, Response
from worker.training.loop import train
from worker.training.outcome import Interruption, TrainingOutcome

#: What takes wall time is another number each time.
TIMED = {"elapsed_s", "probe_seconds", "probe_share"}
NUM_STEPS = 18


@dataclass(kw_only=True)
class Session:
    """One attempt and all it left."""

    outcome: TrainingOutcome
    batches: list[ReadingBatch] = field(default_factory=list)
    kept: dict[int, bytes] = field(default_factory=dict)
    #: Of the best step.
    best_kept: dict[int, bytes] = field(default_factory=dict)

    def rows(self) -> dict[tuple[object, ...], float]:
        """Every reading by its place; a place that comes twice fails."""
        found: dict[tuple[object, ...], float] = {}
        for batch in self.batches:
            rows = [
                ((r.step, r.quantity, str(r.scope)), r.value)
                for r in of_kind(ScalarReading, batch.readings)
            ]
            if batch.chunk is not None:
                for name, values_n in batch.chunk.scalars.items():
                    rows += [
                        ((int(step), name, "step"), float(value))
                        for step, value in zip(batch.chunk.steps_n, values_n, strict=True)
                    ]
            for place, value in rows:
                if place[1] not in TIMED:
                    assert place not in found
                    found[place] = value
        return found

    def digest(self) -> str:
        return digest_of(dict(self.outcome.model.named_tensors()))

    def best(self) -> tuple[BestScore, str]:
        """The best weights' score and digest."""
        assert self.outcome.best is not None
        return self.outcome.best.score, digest_of(self.outcome.best.tensors)


def digest_of(weights: Mapping[str, torch.Tensor]) -> str:
    sha = hashlib.sha256()
    for name in sorted(weights):
        sha.update(weights[name].detach().numpy().tobytes())
    return sha.hexdigest()


def attempt(
    spec: JobSpec,
    *,
    start: Start | None = None,
    save_after: Callable[[int], bool] = lambda _: False,
    stop_after: int | None = None,
    stop_with: StopReason | Interruption = Interruption.PAUSED,
) -> Session:
    batches: list[ReadingBatch] = []
    kept: dict[int, bytes] = {}
    best_kept: dict[int, bytes] = {}
    done = 0 if start is None else start.checkpoint.notes.step

    def is_due() -> bool:
        nonlocal done
        done += 1
        return save_after(done)

    outcome = train(
        spec,
        build_task(spec.dataset, upload=None),
        device=torch.device("cpu"),
        send=batches.append,
        begin=lambda _facts, _names, _device: None,
        stop_requested=lambda: stop_with if done == stop_after else None,
        saving=Saving(is_due=is_due, keep=kept.__setitem__, keep_best=best_kept.__setitem__),
        start=start,
    )
    return Session(outcome=outcome, batches=batches, kept=kept, best_kept=best_kept)


def spec_of(
    kind: str = "gru",
    optimizer: Mapping[str, JsonValue] | None = None,
    **training: JsonValue,
) -> JobSpec:
    return make_spec(
        {
            "model": {"kind": kind, "hidden_size": 6, "num_layers": 2, "dropout": 0.3},
            "optimizer": dict(optimizer or {"kind": "adam"}),
            "training": {"num_steps": NUM_STEPS, "evaluate_every": 4, **training},
            "probes": {"tier": "economy", "every": 8},
        }
    )


CASES: tuple[tuple[str, Mapping[str, JsonValue]], ...] = (
    ("elman", {"kind": "adam"}),
    ("gru", {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.05}),
    ("lstm", {"kind": "adam"}),
    ("lstm", {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.05}),
    ("elman", {"kind": "adamw", "weight_decay": 0.01}),
    ("elman", {"kind": "sgd", "learning_rate": 0.05}),
    ("gru", {"kind": "rmsprop", "momentum": 0.5}),
)


@pytest.mark.parametrize(("kind", "optimizer"), CASES)
def test_training_that_goes_on_is_the_training_that_was_never_interrupted(
    kind: str, optimizer: Mapping[str, JsonValue]
) -> None:
    spec = spec_of(kind, optimizer)
    whole = attempt(spec)

    first = attempt(spec, stop_after=7)
    second = attempt(spec, start=Start(checkpoint=unpack(first.kept[7])), stop_after=13)
    third = attempt(spec, start=Start(checkpoint=unpack(second.kept[13])))

    assert third.outcome.stop_reason is StopReason.COMPLETED
    assert third.digest() == whole.digest()
    assert third.best() == whole.best()
    assert first.rows() | second.rows() | third.rows() == whole.rows()
    assert len(first.rows()) + len(second.rows()) + len(third.rows()) == len(whole.rows())


def test_saving_changes_nothing() -> None:
    spec = spec_of("lstm")

    often, never = attempt(spec, save_after=lambda _: True), attempt(spec)

    assert sorted(often.kept) == list(range(1, NUM_STEPS + 1))
    assert often.digest() == never.digest()
    assert often.rows() == never.rows()


def test_no_chunk_straddles_a_checkpoint() -> None:
    spec = spec_of()

    saved = attempt(spec, save_after=lambda step: step in {5, 6, 15})

    last_steps = {batch.chunk.last_step for batch in saved.batches if batch.chunk is not None}
    assert {4, 5, 14} <= last_steps


def test_any_checkpoint_leads_to_the_same_end() -> None:
    spec = spec_of("elman")
    whole = attempt(spec, save_after=lambda step: step % 3 == 0)

    ends = {attempt(spec, start=Start(checkpoint=unpack(c))).digest() for c in whole.kept.values()}

    assert ends == {whole.digest()}


def test_a_finished_run_goes_on_as_if_it_had_been_asked_for_more() -> None:
    short = attempt(spec_of(num_steps=12))
    long = attempt(spec_of())

    more = attempt(spec_of(), start=Start(checkpoint=unpack(short.kept[12])))

    assert more.digest() == long.digest()


def test_a_cancelled_run_is_saved_where_it_stands() -> None:
    cancelled = attempt(spec_of(), stop_after=9, stop_with=StopReason.CANCELLED)

    assert cancelled.outcome.stop_reason is StopReason.CANCELLED
    assert list(cancelled.kept) == [9]


def test_weights_that_are_not_finite_are_never_saved() -> None:
    wild = make_spec(
        {
            "model": {"kind": "elman", "activation": "relu"},
            "optimizer": {"kind": "sgd", "learning_rate": 1e20},
            "clipping": {"kind": "none"},
        }
    )

    diverged = attempt(wild, save_after=lambda _: True)

    assert diverged.outcome.stop_reason is StopReason.DIVERGED
    for content in diverged.kept.values():
        weights = unpack(content).part("weights").values()
        assert all(bool(torch.isfinite(weight).all()) for weight in weights)


def a_guard() -> tuple[torch.nn.Parameter, torch.optim.Optimizer, InstabilityGuard]:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    return weight, optimizer, InstabilityGuard("rollback", weights=[weight], optimizer=optimizer)


def test_the_best_weights_are_those_of_the_best_validation() -> None:
    spec = spec_of(optimizer={"kind": "sgd", "learning_rate": 2.0}, evaluate_every=1)
    whole = attempt(spec)
    scores = {
        step: v
        for (step, name, scope), v in whole.rows().items()
        if scope == "validation" and name == "mse"
    }

    score, digest = whole.best()

    assert score.value == min(scores.values())
    assert scores[score.step] == score.value
    assert 0 < score.step < NUM_STEPS
    assert digest == attempt(spec, stop_after=score.step).digest()


def test_a_fork_from_the_best_step_goes_on_as_the_run_did_from_there() -> None:
    spec = spec_of(optimizer={"kind": "sgd", "momentum": 0.9, "learning_rate": 2.0})
    whole = attempt(patched(spec, {"training": {"evaluate_every": 1}}))
    step = whole.best()[0].step

    [(saved_step, content)] = whole.best_kept.items()
    fork = attempt(
        spec,
        start=Start(checkpoint=unpack(content), takes=CheckpointParts.WEIGHTS_AND_OPTIMIZER),
    )

    assert 0 < step == saved_step < NUM_STEPS
    assert fork.digest() == whole.digest()


def test_the_best_step_is_saved_before_each_later_checkpoint_and_once() -> None:
    spec = spec_of(evaluate_every=1)

    saved = attempt(spec, save_after=lambda step: step % 6 == 0)

    best = [step for step, _ in saved.best_kept.items()]
    assert best == sorted(set(best))
    assert len(best) <= len(saved.kept)
    again = attempt(
        spec, start=Start(checkpoint=unpack(saved.kept[6])), save_after=lambda step: step % 6 == 0
    )
    later = {step: saved.best_kept[step] for step in best if step > 6}
    assert again.best_kept.keys() == later.keys() != set()
    for step, content in again.best_kept.items():
        found, expected = unpack(content).tensors, unpack(later[step]).tensors
        assert digest_of(found) == digest_of(expected)


def test_a_run_that_diverges_leaves_its_best_step() -> None:
    wild = make_spec(
        {
            "model": {"activation": "relu"},
            "optimizer": {
                "kind": "sgd",
                "learning_rate": 1e4,
                "schedule": {"kind": "constant", "warmup_steps": 1_000_000},
            },
            "clipping": {"kind": "none"},
            "training": {"num_steps": 400, "evaluate_every": 1},
        }
    )

    diverged = attempt(wild)

    assert diverged.outcome.stop_reason is StopReason.DIVERGED
    assert diverged.outcome.best is not None
    assert list(diverged.best_kept) == [diverged.outcome.best.score.step]


def test_a_checkpoint_from_before_best_weights_leads_to_none() -> None:
    checkpoint = unpack(attempt(spec_of(), stop_after=7).kept[7])
    old = replace(checkpoint, notes=checkpoint.notes.model_copy(update={"format": 1, "best": None}))

    again = attempt(spec_of(), start=Start(checkpoint=old), stop_after=13)
    end = attempt(spec_of(), start=Start(checkpoint=unpack(again.kept[13])))

    assert end.digest() == attempt(spec_of()).digest()
    assert end.outcome.best is None


def test_a_fork_has_a_best_of_its_own() -> None:
    first = attempt(spec_of(), stop_after=9)
    start = Start(checkpoint=unpack(first.kept[9]), takes=CheckpointParts.WEIGHTS)

    fork = attempt(spec_of(), start=start)

    assert fork.best()[0].step > 9


def test_what_can_be_rolled_back_to_goes_on_too() -> None:
    weight, optimizer, guard = a_guard()
    for step in (0, 50, 100):
        weight.grad = torch.full((3,), 1.0 + step)
        optimizer.step()
        guard.respond(step, Finiteness.FINITE)
    guard.respond(101, Finiteness.BAD_GRADIENT)
    observer = ScheduleNotes(last_step=None, last_cost_s=None, total_s=0, budgeted_s=0)
    notes = Notes(
        step=1,
        elapsed_s=0,
        is_origin_known=True,
        guard=guard.notes(),
        schedule=observer,
        fingerprint={},
    )
    content = pack(Checkpoint(notes=notes, tensors=guard.tensors()))

    other_weight, other_optimizer, other = a_guard()
    other.restore(unpack(content))

    assert (other.rate_factor, other.notes()) == (0.5, guard.notes())
    for each in (guard, other):
        assert each.respond(102, Finiteness.BAD_LOSS) is Response.SKIP
    assert torch.equal(other_weight, weight)
    for name, value in optimizer.state_dict()["state"][0].items():
        assert torch.equal(other_optimizer.state_dict()["state"][0][name], value)


def test_probes_of_an_earlier_attempt_are_followed() -> None:
    spec = make_spec({"training": {"num_steps": NUM_STEPS}, "probes": {"tier": "economy"}})
    first = attempt(spec, stop_after=4)
    checkpoint = unpack(first.kept[4])

    resumed = attempt(spec, start=Start(checkpoint=checkpoint, followed_steps=(7, 11, 13)))

    readings = [reading for batch in resumed.batches for reading in batch.readings]
    probed = {profile.step for profile in of_kind(LagProfile, readings) if profile.step < 14}
    assert probed == {7, 11, 13}


def test_a_fork_may_leave_the_optimizer_behind() -> None:
    spec = spec_of(optimizer={"kind": "sgd", "momentum": 0.9})
    checkpoint = unpack(attempt(spec, stop_after=9).kept[9])

    kept = attempt(
        spec, start=Start(checkpoint=checkpoint, takes=CheckpointParts.WEIGHTS_AND_OPTIMIZER)
    )
    reset = attempt(spec_of(), start=Start(checkpoint=checkpoint, takes=CheckpointParts.WEIGHTS))

    assert kept.digest() == attempt(spec).digest()
    assert reset.digest() != kept.digest()


@pytest.mark.parametrize("position", [0, 7, 40, 200, -1])
def test_bytes_that_are_cut_or_not_of_this_kind_are_told(position: int) -> None:
    content = attempt(spec_of(), stop_after=3).kept[3]

    with pytest.raises(Damaged):
        unpack(content[:position])


def test_a_checkpoint_of_another_network_is_refused() -> None:
    small, large = spec_of(), make_spec({"model": {"kind": "lstm", "hidden_size": 9}})
    start = Start(checkpoint=unpack(attempt(small, stop_after=3).kept[3]))

    with pytest.raises(Damaged):
        attempt(large, start=start)


def test_a_fingerprint_names_what_has_changed() -> None:
    now = take_fingerprint(torch.device("cpu"))

    assert differences(now, now) == ()
    assert differences({**now, "threads": "64"}, now) == ("threads",)
    assert now["numpy"] == np.__version__
