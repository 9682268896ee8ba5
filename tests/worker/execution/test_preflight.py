"""Trying a spec: as many steps as were ordered, the same numbers as a run, no more looking."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.preflight import MIN_SEQUENCES
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.telemetry import LagProfile, OneKind, ReadingBatch, ScalarReading, of_kind
from tests.worker.supervision.runs import make_spec
from worker.datasets.build import build_task
from worker.execution.preflight import MAX_SEQUENCES, try_out
from worker.probes import outputs
from worker.training.loop import train
from worker.training.outcome import TrainingOutcome

CPU = torch.device("cpu")


def tried(
    spec: JobSpec,
    num_steps: int,
    *,
    stop_requested: Callable[[], StopReason | None] = lambda: None,
) -> tuple[TrainingOutcome, list[ReadingBatch]]:
    sent: list[ReadingBatch] = []
    outcome = try_out(
        spec,
        build_task(spec.dataset, upload=None),
        num_steps=num_steps,
        device=CPU,
        send=sent.append,
        begin=lambda _facts, _names, _device: None,
        stop_requested=stop_requested,
    )
    return outcome, sent


def recorded(sent: list[ReadingBatch]) -> list[int]:
    return [int(step) for batch in sent if batch.chunk for step in batch.chunk.steps_n]


def probed(sent: list[ReadingBatch]) -> list[int]:
    return sorted({profile.step for profile in sent_of(LagProfile, sent)})


def sent_of(kind: type[OneKind], sent: list[ReadingBatch]) -> tuple[OneKind, ...]:
    return of_kind(kind, (reading for batch in sent for reading in batch.readings))


@pytest.mark.parametrize("num_steps", [1, 3, 20, 50])
def test_it_stops_after_its_steps_and_looks_at_both_ends(num_steps: int) -> None:
    outcome, sent = tried(make_spec(), num_steps)

    # the spec orders 20
    taken = min(num_steps, 20)
    assert (outcome.stop_reason, outcome.steps_done) == (StopReason.COMPLETED, taken)
    assert recorded(sent) == list(range(taken))
    assert {0, taken} <= set(probed(sent))


def test_without_steps_the_initial_weights_alone_are_looked_at() -> None:
    outcome, sent = tried(make_spec(), 0)

    assert outcome.stop_reason is StopReason.COMPLETED
    assert recorded(sent) == [0]
    assert probed(sent) == [0]
    assert {reading.step for batch in sent for reading in batch.readings} == {0}


@pytest.mark.parametrize(
    ("init", "rate"),
    [
        ({"kind": "orthogonal", "gain": 0.9}, math.log(0.9)),
        ({"kind": "identity", "gain": 0.8}, math.log(0.8)),
        ({"kind": "identity", "gain": 1.0}, 0.0),
    ],
)
def test_an_exact_case_can_be_set_up_and_comes_out_exactly(
    init: dict[str, JsonValue], rate: float
) -> None:
    spec = make_spec(
        model={"kind": "elman", "activation": "linear", "hidden_size": 12},
        init={"recurrent": init},
        dataset={"kind": "adding", "length": 60},
        training={"num_steps": 20, "precision": "float64"},
    )

    _, sent = tried(spec, 0)

    (layer,) = [
        profile
        for profile in sent_of(LagProfile, sent)
        if (str(profile.scope), profile.path) == ("layer:0", "total")
    ]
    np.testing.assert_allclose(np.diff(layer.log_norm_T), rate, rtol=0, atol=1e-12)


def test_its_steps_are_those_of_the_run() -> None:
    spec = make_spec(optimizer={"kind": "adam", "schedule": {"kind": "cosine", "warmup_steps": 3}})
    whole: list[ReadingBatch] = []
    train(
        spec,
        build_task(spec.dataset, upload=None),
        device=CPU,
        send=whole.append,
        begin=lambda _facts, _names, _device: None,
        stop_requested=lambda: None,
    )

    _, sent = tried(spec, 5)

    for quantity in ("loss", "grad_norm", "learning_rate"):
        first_five = values_of(whole, quantity)[:5]
        assert values_of(sent, quantity) == first_five
    # side by side or in turn
    assert looked_at_first(sent) == looked_at_first(whole)


#: Measured on training sequences, which a preflight does not evaluate.
OF_TRAINING = {quantity.name for quantity in outputs.CARD.quantities}


def looked_at_first(sent: list[ReadingBatch]) -> dict[tuple[str, str], float]:
    """What the initial weights tell, without its cost and without training sequences."""
    return {
        (one.quantity, str(one.scope)): one.value
        for one in sent_of(ScalarReading, sent)
        if one.step == 0
        and str(one.scope) != "train"
        and one.quantity not in OF_TRAINING
        and not one.quantity.startswith("probe_")
    }


def values_of(sent: list[ReadingBatch], quantity: str) -> list[float]:
    return [float(v) for batch in sent if batch.chunk for v in batch.chunk.scalars[quantity]]


@pytest.mark.parametrize("num_steps", [0, 5])
def test_one_that_nobody_wants_any_more_is_cancelled(num_steps: int) -> None:
    outcome, _ = tried(make_spec(), num_steps, stop_requested=lambda: StopReason.CANCELLED)

    assert outcome.stop_reason is StopReason.CANCELLED


def test_a_divergence_is_told_as_one() -> None:
    spec = make_spec(optimizer={"kind": "sgd", "learning_rate": 1e20}, clipping={"kind": "none"})

    outcome, _ = tried(spec, 15)

    assert outcome.stop_reason is StopReason.DIVERGED


def test_a_large_network_is_probed_on_fewer_sequences() -> None:
    large = make_spec(
        model={"kind": "elman", "hidden_size": 512}, dataset={"kind": "adding", "length": 500}
    )

    [few] = anchors_of(large)
    [many] = anchors_of(make_spec())

    assert few == MIN_SEQUENCES
    assert many > 100


def test_step_0_alone_is_taken_over_no_more_sequences_than_are_probed() -> None:
    wide = make_spec(training={"batch_size": MAX_SEQUENCES + 50})
    cut = make_spec(training={"batch_size": MAX_SEQUENCES})
    critical = make_spec(
        init={"recurrent": {"kind": "critical"}}, training={"batch_size": MAX_SEQUENCES + 50}
    )

    _, alone = tried(wide, 0)
    _, of_cut = tried(cut, 1)
    _, critical_alone = tried(critical, 0)
    _, of_critical = tried(critical, 1)

    assert values_of(alone, "loss") == values_of(of_cut, "loss")
    # the initial weights are made for the whole batch, and stay the run's
    assert values_of(critical_alone, "loss") == values_of(of_critical, "loss")


def anchors_of(spec: JobSpec) -> set[int]:
    _, sent = tried(spec, 0)
    judged = [one for one in sent_of(LagProfile, sent) if str(one.scope) == "model"]
    return {int(profile.num_anchors_T[0]) for profile in judged}
