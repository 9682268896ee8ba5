import math
from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.ranking.steps import penalty_signs, probe_signs, step_signs
from app.domain.runs import StopReason
from tests.domain.builders import case, reading, telemetry


def _tensors(**columns: list[list[float]]):
    """Telemetry of three steps with these values of each step and tensor."""
    seen = telemetry(num_steps=3, weight_norm=None, grad_norm=[2.0, 1.0, 1.0])
    tensors = {name: np.array(values, dtype=np.float32) for name, values in columns.items()}
    return replace(seen, tensor_names=("rnn.weight_hh_l0", "readout.weight"), tensors=tensors)


def test_clipped_steps_are_counted() -> None:
    seen = telemetry(num_steps=4, clip_coefficient=[1.0, 0.5, 0.5, 0.5])

    found = step_signs(case(seen=seen))

    assert found["clipped_share"] == 0.75
    assert found["clip_median"] == pytest.approx(math.log(0.5))


def test_weights_that_grow_and_shrink_are_seen_by_tensor() -> None:
    seen = _tensors(weight_norm=[[3.0, 4.0], [3.0, 4.0], [30.0, 0.4]])

    found = step_signs(case(seen=seen))

    assert found["weights_grew"] == pytest.approx(math.log(30.0027 / 5), abs=1e-4)
    assert found["tensor_grew"] == pytest.approx(math.log(10))
    assert found["tensor_shrank"] == pytest.approx(math.log(0.1))


def test_a_recurrent_gradient_of_zero_is_as_good_as_infinitely_small() -> None:
    seen = _tensors(
        grad_norm=[[3.0, 4.0], [0.0, 1.0], [0.0, 1.0]],
        zero_fraction=[[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
        weight_norm=[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
    )

    found = step_signs(case(seen=seen))

    assert found["recurrent_gradient_first"] == pytest.approx(math.log(0.6))
    assert found["recurrent_gradient_last"] == -30.0
    assert found["zero_gradient_last"] == 1.0
    assert found["relative_gradient_first"] == pytest.approx(math.log(5 / 0.2))


def test_a_run_without_steps_has_no_sizes() -> None:
    seen = telemetry(num_steps=0, weight_norm=None)

    found = step_signs(case(seen=seen))

    assert {name for name, value in found.items() if not math.isnan(value)} == {"non_finite"}


def test_a_diverged_run_is_marked() -> None:
    assert step_signs(case(stop_reason=StopReason.DIVERGED))["non_finite"] == 1.0


def test_the_best_factor_of_a_step_that_only_harms_is_not_zero() -> None:
    readings = [
        reading("best_step_factor", "model", factor, step=step)
        for step, factor in ((0, 1.0), (50, 0.0), (100, 0.0), (150, 0.0))
    ]
    readings += [reading("step_gain", "model", -100.0)]

    found = probe_signs(case(seen=telemetry(readings=readings)))

    assert found["factor_first"] == 0.0
    assert found["factor_last"] == pytest.approx(math.log(1e-3))
    assert found["step_gain_least"] == pytest.approx(-math.sqrt(30))
    assert math.isnan(found["batch_factor_last"])


def test_the_share_of_a_penalty_is_between_zero_and_one() -> None:
    readings = [
        reading("penalty_share", "model", 3.0),
        reading("penalty_cosine", "model", -0.9),
        reading("decay_share", "model", math.inf),
    ]

    found = penalty_signs(case(seen=telemetry(readings=readings)))

    assert found["penalty_last"] == 0.75
    assert found["penalty_cosine_last"] == pytest.approx(-0.9)
    assert found["decay_last"] == 1.0
    assert found["decay_cosine_last"] == 0.0
