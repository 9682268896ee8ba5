"""What is measured of an update: against losses, gradients and optimizers that are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.telemetry import ProbeGap, ScalarReading, of_kind
from tests.numerics.networks import look_at, network_of, sample_for
from tests.worker.builders import make_spec, train_spec
from worker.datasets.build import build_task
from worker.gradients import Tensors
from worker.probes import second_moment, step_shares, step_size
from worker.probes.card import Look, Update
from worker.training.learner import Learner
from worker.training.updating import Watched

CPU = torch.device("cpu")


def _bowl(best: float) -> Update:
    """A loss (w - best)² + 1 along one weight that goes from 0 to 1."""

    def loss(weights: Tensors) -> float:
        return float((weights[0] - best).square()) + 1

    one, zero = torch.ones(1).double(), torch.zeros(1).double()
    return Update(
        names=("w",),
        weights_before=[zero],
        weights_after=[one],
        loss_gradients=[-one],
        penalty_gradients=[zero],
        decays=[zero],
        given_gradients=[-one],
        second_moments=[4 * one],
        eps=0.5,
        loss_of_batch=loss,
        loss_of_fresh_batch=loss,
    )


def _look(update: Update) -> Look:
    network = network_of()
    seen = look_at(network, sample_for(network, num_timesteps=4, batch_size=2))
    return replace(seen, update=update)


def _values(found: tuple[ScalarReading | ProbeGap, ...]) -> dict[str, float]:
    return {one.quantity: one.value for one in of_kind(ScalarReading, found) if not one.scope.name}


@pytest.mark.parametrize("best", [0.3, 1.0, 3.0, 10.0])
def test_the_best_factor_of_a_bowl_is_its_bottom(best: float) -> None:
    found = _values(step_size.measure_step_size(_look(_bowl(best))))

    assert found["best_step_factor"] == pytest.approx(best)
    assert found["best_step_factor"] == found["best_step_factor_of_batch"]
    before = best**2 + 1
    assert found["step_gain"] == pytest.approx((before - (1 - best) ** 2 - 1) / before)
    assert found["best_step_gain"] == pytest.approx((before - 1) / before)


@pytest.mark.parametrize(("best", "factor"), [(-2.0, 0.0), (0.02, 0.0), (100.0, 30.0)])
def test_a_bottom_at_an_end_or_beyond_is_the_end(best: float, factor: float) -> None:
    found = _values(step_size.measure_step_size(_look(_bowl(best))))

    assert found["best_step_factor"] == factor


def test_the_two_batches_are_told_apart() -> None:
    mixed = replace(_bowl(0.3), loss_of_fresh_batch=_bowl(10.0).loss_of_fresh_batch)

    found = _values(step_size.measure_step_size(_look(mixed)))

    assert found["best_step_factor_of_batch"] < 1 < found["best_step_factor"]


def test_losses_that_overflow_count_as_too_far() -> None:
    def loss(weights: Tensors) -> float:
        return math.nan if float(weights[0]) > 1 else 2 - float(weights[0])

    found = _values(
        step_size.measure_step_size(_look(replace(_bowl(1.0), loss_of_fresh_batch=loss)))
    )

    assert found["best_step_factor"] == 1.0
    assert found["step_gain"] == 0.5


def _watched(patch: dict[str, JsonValue], *, num_updates: int = 3) -> tuple[Learner, Update]:
    """The last of a few updates of a real network."""
    spec = make_spec(patch)
    learner = Learner(spec, build_task(spec.dataset, upload=None), device=CPU)
    update = None
    for step in range(num_updates):
        batch, rate = learner.batch(step), learner.scheduled_rate(step)
        learner.loss(batch, step).backward()
        gradient = learner.gradient()
        watched = Watched.before_clipping(learner, batch, step=step, rate=rate)
        spec.clipping.clip(gradient)
        learner.update(rate)
        update = watched.after_update(learner, share=1.0)
        learner.drop_gradient()
    assert update is not None
    return learner, update


def test_the_share_of_a_penalty_is_that_of_its_gradient() -> None:
    learner, update = _watched({"regularization": {"l2": 0.25}, "optimizer": {"kind": "sgd"}})
    pairs = zip(learner.tensor_names, update.weights_before, strict=True)
    penalty = torch.cat(
        [(0.5 * w if "weight" in name else 0 * w).flatten() for name, w in pairs]
    ).double()
    network = learner.model
    for weight, before in zip(learner.weights, update.weights_before, strict=True):
        weight.copy_(before)
    learner.loss(learner.batch(2), 2).backward()
    loss = torch.cat([g.flatten() for g in learner.gradients()]).double()

    found = _values(step_shares.measure_step_shares(replace(_look(update), model=network)))

    assert found["penalty_share"] == pytest.approx(float(penalty.norm() / loss.norm()), rel=1e-5)
    cosine = float(penalty @ loss / penalty.norm() / loss.norm())
    assert found["penalty_cosine"] == pytest.approx(cosine, rel=1e-4)
    assert found["decay_share"] == 0
    assert "decay_cosine" not in found


def test_an_added_decay_is_a_penalty_and_a_decoupled_one_is_a_part_of_the_change() -> None:
    adam: dict[str, JsonValue] = {"kind": "adam", "weight_decay": 0.5}
    adamw: dict[str, JsonValue] = {"kind": "adamw", "weight_decay": 0.5}

    _, added = _watched({"optimizer": adam}, num_updates=1)
    _, decoupled = _watched({"optimizer": adamw}, num_updates=1)
    _, without = _watched({"optimizer": {"kind": "adam"}}, num_updates=1)

    of_added = _values(step_shares.measure_step_shares(_look(added)))
    of_decoupled = _values(step_shares.measure_step_shares(_look(decoupled)))
    assert of_added["penalty_share"] > 0
    assert of_added["decay_share"] == 0
    assert of_decoupled["penalty_share"] == 0
    plain = [a - b for a, b in zip(without.weights_after, without.weights_before, strict=True)]
    decay = [
        (after - before) - change
        for after, before, change in zip(
            decoupled.weights_after, decoupled.weights_before, plain, strict=True
        )
    ]
    size = math.sqrt(sum(float(part.double().square().sum()) for part in decay))
    rest = math.sqrt(sum(float(part.double().square().sum()) for part in plain))
    assert of_decoupled["decay_share"] == pytest.approx(size / rest, rel=1e-2)


def test_the_first_step_of_adam_surprises_by_exactly_one() -> None:
    _, update = _watched({"optimizer": {"kind": "adam"}}, num_updates=1)

    found = second_moment.measure_second_moment(_look(update))

    by_scope = {
        str(one.scope): one.value
        for one in of_kind(ScalarReading, found)
        if one.quantity == second_moment.SURPRISE
    }
    assert by_scope["model"] == pytest.approx(1.0, rel=1e-5)
    assert set(by_scope) == {"model", *(f"tensor:{name}" for name in update.names)}


def test_a_gradient_ten_times_as_large_as_ever_surprises_by_ten() -> None:
    update = replace(_bowl(1.0), given_gradients=[torch.full((1,), 20.0)])

    found = _values(second_moment.measure_second_moment(_look(update)))

    assert found[second_moment.SURPRISE] == pytest.approx(10.0)
    assert found[second_moment.ROOM] == pytest.approx(4.0)


def test_stochastic_gradient_descent_has_no_second_moment() -> None:
    _, update = _watched({"optimizer": {"kind": "sgd"}})

    assert second_moment.measure_second_moment(_look(update)) == ()


def test_losses_along_the_update_leave_the_weights_as_they_are() -> None:
    learner, update = _watched({"model": {"kind": "lstm"}})
    own = [weight.clone() for weight in learner.weights]

    at_one = update.loss_of_batch(update.weights_after)
    at_zero = update.loss_of_batch(update.weights_before)

    assert at_one != at_zero
    assert all(torch.equal(*pair) for pair in zip(own, learner.weights, strict=True))


def test_a_rate_far_too_high_overshoots_and_one_far_too_low_could_go_further() -> None:
    def factors(rate: float) -> np.ndarray:
        run = train_spec(
            make_spec(
                {
                    "model": {"kind": "gru"},
                    "optimizer": {"kind": "sgd", "learning_rate": rate},
                    "training": {"num_steps": 12},
                    "probes": {"tier": "standard", "every": 1},
                }
            )
        )
        readings = run.of_kind(ScalarReading)
        return np.array([one.value for one in readings if one.quantity == "best_step_factor"])

    assert factors(1e-4).size == 12
    assert np.median(factors(1e-4)) == 30
    assert np.median(factors(50.0)) < 1
