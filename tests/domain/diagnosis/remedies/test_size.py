"""Remedies for penalties, dropout, too little data and the size of the network."""

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Ailment
from app.domain.specs.base import MAX_INT
from app.domain.specs.job import JobSpec
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import drawn, treated

ADAMW: dict[str, JsonValue] = {"kind": "adamw", "weight_decay": 50.0}


@pytest.mark.parametrize(("share", "l2"), [(10.0, 5e-4), (0.02, 0.05), (1e9, 0.0)])
def test_a_penalty_is_divided_by_its_measured_share(share: float, l2: float) -> None:
    spec = job(regularization={"l2": 0.5})

    assert drawn("weaken_penalty", spec, penalty_share=share) == {"regularization": {"l2": l2}}


def test_without_a_measured_share_no_penalty_is_left() -> None:
    spec = job(regularization={"l1": 1e-3, "l2": 0.5}, optimizer=ADAMW)

    assert drawn("weaken_penalty", spec) == {
        "regularization": {"l1": 0.0, "l2": 0.0},
        "optimizer": {"weight_decay": 0.0},
    }


def test_a_decoupled_decay_is_weakened_alike() -> None:
    assert drawn("weaken_penalty", job(optimizer=ADAMW), penalty_share=20.0) == {
        "optimizer": {"weight_decay": 0.025}
    }


def test_without_a_penalty_there_is_nothing_to_weaken() -> None:
    assert drawn("weaken_penalty", job(), penalty_share=2.0) is None


@pytest.mark.parametrize(("present", "less"), [(0.97, 0.1), (0.2, 0.05), (0.05, 0.0)])
def test_less_is_dropped_between_layers(present: float, less: float) -> None:
    spec = job(model={"dropout": present, "num_layers": 2})

    assert drawn("less_dropout", spec) == {"model": {"dropout": less}}


@pytest.mark.parametrize("model", [{"dropout": 0.5}, {"num_layers": 2}])
def test_without_dropout_there_is_nothing_to_lower(model: dict[str, JsonValue]) -> None:
    assert drawn("less_dropout", job(model=model)) is None


def test_a_run_that_fits_too_well_stops_at_its_best_step() -> None:
    spec = job(training={"num_steps": 800})

    assert drawn("stop_early", spec, best_step=160) == {"training": {"num_steps": 160}}


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (0.54, "At best it reaches the score of that step again, 54 % better than the baseline."),
        (-0.2, "Even there it was no better than the baseline, so that stopping alone is no cure."),
        (None, "The artifact `best` has the weights of that step."),
    ],
)
def test_the_reason_says_what_stopping_can_reach_at_best(gain: float | None, words: str) -> None:
    spec = job(training={"num_steps": 800})
    ailment = Ailment(cause="overfitting", best_step=160, best_gain=gain)

    (stop,) = (one for one in prescribe(ailment, spec) if one.kind == "stop_early")

    assert words in stop.reason
    assert ("At best" in stop.reason) == (gain == 0.54)


@pytest.mark.parametrize("best", [None, 0, 790])
def test_a_run_that_was_best_near_its_end_does_not_stop_early(best: int | None) -> None:
    assert drawn("stop_early", job(training={"num_steps": 800}), best_step=best) is None


def test_adam_decays_the_weights_and_keeps_its_other_fields() -> None:
    spec = treated("use_weight_decay", job(optimizer={"learning_rate": 0.01, "beta1": 0.8}))

    adamw = spec.optimizer
    assert (adamw.kind, adamw.learning_rate, adamw.weight_decay) == ("adamw", 0.01, 2.0)
    assert adamw.beta1 == 0.8  # type: ignore[union-attr] # it is adamw


@pytest.mark.parametrize("optimizer", [{"kind": "sgd"}, {"weight_decay": 0.1}])
def test_other_optimizers_and_weights_that_decay_stay(optimizer: dict[str, JsonValue]) -> None:
    assert drawn("use_weight_decay", job(optimizer=optimizer)) is None


@pytest.mark.parametrize(
    ("kind", "present", "units"),
    [
        ("larger_network", 1, 32),
        ("larger_network", 48, 96),
        ("larger_network", 1024, None),
        ("smaller_network", 48, 16),
        ("smaller_network", 12, 8),
        ("smaller_network", 8, None),
    ],
)
def test_a_network_is_made_larger_or_smaller(kind: str, present: int, units: int | None) -> None:
    found = drawn(kind, job(model={"hidden_size": present}))

    assert found == (None if units is None else {"model": {"hidden_size": units}})


@pytest.mark.parametrize(("present", "other"), [(7, 8), (MAX_INT, 0)])
def test_a_run_starts_from_other_weights(present: int, other: int) -> None:
    assert drawn("another_seed", job(training={"seed": present})) == {"training": {"seed": other}}


def test_a_run_in_single_precision_is_computed_in_double() -> None:
    double: JobSpec = treated("double_precision", job())

    assert double.training.precision == "float64"
    assert drawn("double_precision", double) is None
