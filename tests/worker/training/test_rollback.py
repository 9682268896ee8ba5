"""Rollbacks: to a state that is good, at a rate that was measured, and exact after a break."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.rollbacks import Rollback
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched
from tests.worker.builders import Trained, make_spec, train_spec
from tests.worker.training.test_checkpoint import Session, attempt
from worker.datasets.build import build_task
from worker.training.checkpoint import Start, pack, unpack
from worker.training.instability import (
    MAX_FACTOR,
    MAX_ROLLBACKS,
    Finiteness,
    InstabilityGuard,
    MeasureFactor,
    Response,
)
from worker.training.learner import Learner
from worker.training.rate_factor import measured_factor
from worker.training.saved_states import SavedStates

#: A linear network over so many timesteps that its second step is not finite.
EXPLODING = make_spec(
    {
        "dataset": {"length": 100},
        "clipping": {"kind": "none"},
        "model": {"activation": "linear"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.5},
        "training": {"num_steps": 120, "on_instability": "rollback"},
    }
)


def rollbacks_of(run: Trained | Session) -> list[Rollback]:
    return [rollback for batch in run.batches for rollback in batch.rollbacks]


def learner_of(spec: JobSpec) -> Learner:
    return Learner(spec, build_task(spec.dataset, upload=None), device=torch.device("cpu"))


def sgd_at(rate: float) -> JobSpec:
    changes: dict[str, JsonValue] = {"optimizer": {"kind": "sgd", "learning_rate": rate}}
    return make_spec({"clipping": {"kind": "none"}, **changes})


def a_guard(
    measure_factor: MeasureFactor = lambda _step, _factor: None,
) -> tuple[torch.nn.Parameter, InstabilityGuard, list[Rollback]]:
    weight = torch.nn.Parameter(torch.ones(3))
    told: list[Rollback] = []
    guard = InstabilityGuard(
        "rollback",
        weights=[weight],
        optimizer=torch.optim.SGD([weight], lr=0.1),
        measure_factor=measure_factor,
        on_rollback=told.append,
    )
    return weight, guard, told


def test_a_rollback_returns_to_earlier_weights_at_a_measured_rate() -> None:
    run = train_spec(EXPLODING)

    first = rollbacks_of(run)[0]
    rates = run.series("learning_rate")
    assert run.outcome.stop_reason is StopReason.COMPLETED
    assert not np.isfinite(run.series("grad_norm")[first.step])
    assert first.is_measured
    assert 0.01 <= first.factor < 0.5
    assert rates[first.step] == pytest.approx(0.5 * first.factor)
    assert all(torch.isfinite(weight).all() for weight in run.weights())
    assert first.to_step is not None
    assert 0 <= first.to_step < first.step


@pytest.mark.parametrize("distance", [0, 1, 60])
def test_a_run_that_is_broken_off_around_a_rollback_ends_with_the_same_weights(
    distance: int,
) -> None:
    whole = attempt(EXPLODING)
    [first, *_] = rollbacks_of(whole)
    place = first.step + distance

    broken = attempt(EXPLODING, stop_after=place)
    rest = attempt(EXPLODING, start=Start(checkpoint=unpack(broken.kept[place])))

    assert rest.digest() == whole.digest()
    assert [*rollbacks_of(broken), *rollbacks_of(rest)] == rollbacks_of(whole)


def test_probes_have_no_part_in_the_measured_rate() -> None:
    probed = patched(EXPLODING, {"probes": {"tier": "economy", "every": 3}})

    assert attempt(probed).digest() == attempt(EXPLODING).digest()


@pytest.mark.parametrize(("rate", "is_small"), [(100.0, True), (0.001, False)])
def test_the_measured_factor_is_small_where_the_rate_is_too_large(
    rate: float, *, is_small: bool
) -> None:
    spec = sgd_at(rate)

    factor = measured_factor(learner_of(spec), step=0, rate_factor=1.0)

    assert factor is not None
    assert (factor < MAX_FACTOR) is is_small


def test_a_measured_factor_is_that_of_the_present_rate() -> None:
    lowered = measured_factor(learner_of(sgd_at(100.0)), step=0, rate_factor=1e-5)

    assert lowered is not None
    assert lowered > MAX_FACTOR


def test_measuring_leaves_weights_optimizer_and_gradients_as_they_were() -> None:
    learner = learner_of(make_spec({"model": {"dropout": 0.5, "num_layers": 2}}))
    learner.loss(learner.batch(0), 0).backward()
    learner.update(0.1)
    before = [weight.clone() for weight in learner.weights]
    gradients = [gradient.clone() for gradient in learner.gradients()]
    state = copy.deepcopy(learner.optimizer.state_dict()["state"])

    assert measured_factor(learner, step=1, rate_factor=1.0) is not None

    assert all(map(torch.equal, learner.weights, before))
    assert all(map(torch.equal, learner.gradients(), gradients))
    for index, entries in learner.optimizer.state_dict()["state"].items():
        assert all(torch.equal(value, state[index][name]) for name, value in entries.items())


def test_nothing_is_measured_where_every_gradient_is_not_finite() -> None:
    spec = patched(EXPLODING, {"init": {"recurrent": {"kind": "spectral_radius", "radius": 1e4}}})
    learner = learner_of(spec)

    assert measured_factor(learner, step=0, rate_factor=1.0) is None


def test_nothing_is_measured_of_a_network_too_large_to_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.training.updating.MAX_PARAMETERS", 3)

    assert measured_factor(learner_of(make_spec()), step=0, rate_factor=1.0) is None


@pytest.mark.parametrize(
    ("measured", "factor"), [(None, 0.5), (3.0, 0.5), (0.2, 0.2), (1e-9, 0.01)]
)
def test_the_rate_is_multiplied_within_bounds_or_by_the_default(
    measured: float | None, factor: float
) -> None:
    _, guard, told = a_guard(lambda _step, _factor: measured)
    guard.respond(0, Finiteness.FINITE)

    guard.respond(7, Finiteness.BAD_GRADIENT)

    assert guard.rate_factor == factor
    assert told == [
        Rollback(
            step=7,
            to_step=0,
            failure="gradient",
            factor=factor,
            is_measured=measured is not None,
            rate_factor=factor,
            number=1,
        )
    ]


def test_a_run_ends_after_its_last_rollback_and_without_a_state_to_return_to() -> None:
    _, guard, told = a_guard()
    assert guard.respond(0, Finiteness.BAD_LOSS) is Response.END
    guard.respond(1, Finiteness.FINITE)

    responses = [guard.respond(step, Finiteness.BAD_LOSS) for step in range(2, 13)]

    assert responses == [*[Response.SKIP] * MAX_ROLLBACKS, Response.END]
    assert [rollback.number for rollback in told] == list(range(1, MAX_ROLLBACKS + 1))


def test_a_state_whose_loss_has_grown_tenfold_is_not_one_to_return_to() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    states = SavedStates(weights=[weight], optimizer=torch.optim.SGD([weight], lr=0.1))
    for step, loss in ((0, 1.0), (25, 0.5), (50, 2.0), (100, 11.0), (150, 1e20)):
        weight.data.fill_(step)
        states.consider(step, loss)

    assert [notes.step for notes in states.notes()] == [0, 50]
    assert states.return_to_older() == 0
    assert weight.item() == 0


def test_states_of_an_earlier_release_have_an_unknown_step() -> None:
    broken = unpack(attempt(EXPLODING, stop_after=1).kept[1])
    guard_notes = broken.notes.guard.model_copy(update={"states": ()})
    old = replace(broken, notes=broken.notes.model_copy(update={"guard": guard_notes}))

    rest = attempt(EXPLODING, start=Start(checkpoint=unpack(pack(old))), stop_after=3)
    again = attempt(EXPLODING, start=Start(checkpoint=unpack(rest.kept[3])))

    assert rollbacks_of(rest)[0].to_step is None
    assert again.digest() == attempt(EXPLODING).digest()


@pytest.mark.parametrize(
    ("policy", "end"),
    [
        ("skip_step", StopReason.COMPLETED),
        ("report", StopReason.DIVERGED),
        ("stop", StopReason.DIVERGED),
    ],
)
def test_a_loss_that_is_not_finite_ends_a_run_only_where_its_policy_says_so(
    policy: str, end: StopReason
) -> None:
    """The loss of a linear network that doubles its state 100 times is never finite in float32."""
    start: dict[str, JsonValue] = {"recurrent": {"kind": "spectral_radius", "radius": 3.0}}
    spec = patched(
        EXPLODING, {"init": start, "training": {"num_steps": 5, "on_instability": policy}}
    )

    run = train_spec(spec)

    assert not np.isfinite(run.series("loss")).any()
    assert run.outcome.stop_reason is end
    assert run.outcome.steps_done == (5 if policy == "skip_step" else 1)
    assert all(torch.isfinite(weight).all() for weight in run.weights())
