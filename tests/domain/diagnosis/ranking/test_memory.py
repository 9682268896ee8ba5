import math
from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.ranking.measured import MOST_NATS
from app.domain.diagnosis.ranking.memory import reach_signs, recurrence_signs, unit_signs
from tests.domain.builders import LENGTH, case, profile, reading, telemetry


def _reach(*profiles):
    return reach_signs(case(seen=telemetry(profiles=profiles)))


def test_a_cut_is_an_exact_zero_while_the_uncut_gradient_reaches() -> None:
    uncut = replace(profile(0, ratio=0.5), path="untruncated")

    found = _reach(profile(0, ratio=0.0), uncut)

    assert found["is_cut"] == 1.0
    assert found["ratio_last"] == -MOST_NATS
    assert found["uncut_ratio_last"] == pytest.approx(math.log(0.5))


def test_without_a_required_lag_the_longest_one_counts() -> None:
    found = _reach(profile(0, ratio=None, log_rise=-5.0, decay_rate=-0.025))

    assert found["ratio_first"] == pytest.approx(-5.0)
    assert found["decay_over_lags_first"] == pytest.approx(-0.025 * LENGTH)
    assert found["is_cut"] == 0.0


def test_a_gradient_that_grows_with_the_lag_has_a_rise() -> None:
    unfitted = replace(profile(0, ratio=math.e, log_rise=7.0), decay_rate=None)

    found = _reach(unfitted)

    assert found["rise_first"] == pytest.approx(7.0)
    assert math.isnan(found["decay_over_lags_first"])


def test_a_profile_of_zeros_neither_rises_nor_falls() -> None:
    nothing = replace(profile(0, ratio=None), log_norm_T=np.full(LENGTH, -np.inf))

    assert _reach(nothing)["rise_first"] == 0.0


def test_a_run_without_profiles_has_no_reach() -> None:
    found = _reach()

    assert all(math.isnan(value) for name, value in found.items() if name != "is_cut")


def test_saturation_that_rises_differs_from_one_that_was_there() -> None:
    readings = [
        reading("saturated_fraction", "layer:0", 0.1, step=0),
        reading("saturated_fraction", "layer:0", 0.9, step=50),
    ]

    found = unit_signs(case(seen=telemetry(readings=readings)))

    assert found["saturated_first"] == pytest.approx(0.1)
    assert found["saturated_rose"] == pytest.approx(0.8)
    assert found["dead_first"] == 0.0


def test_a_state_that_overflows_grows_by_the_most_that_counts() -> None:
    readings = [reading("state_growth", "layer:0", math.inf)]

    assert unit_signs(case(seen=telemetry(readings=readings)))["state_growth_last"] == MOST_NATS


def test_gates_are_read_by_their_names() -> None:
    readings = [
        reading("gate_mean", "gate:0/forget", 0.9),
        reading("gate_mean", "gate:0/input", 0.1),
        reading("kept_over_required_lag", "gate:0/forget", 0.0),
        reading("lyapunov_1", "layer:0", -80.0),
    ]

    found = recurrence_signs(case(seen=telemetry(readings=readings)))

    assert found["gate_open_last"] == 0.0
    assert found["gate_closed_last"] == 0.0
    assert found["kept_last"] == -MOST_NATS
    assert found["lyapunov_last"] == -5.0


def test_a_gate_that_keeps_the_state_is_closed_or_open_beyond_what_is_usual() -> None:
    closed = [reading("gate_mean", "gate:0/forget", 1 / (1 + math.exp(5)))]
    frozen = [reading("gate_mean", "gate:0/update", 1.0)]

    closed_signs, frozen_signs = (
        recurrence_signs(case(seen=telemetry(readings=given))) for given in (closed, frozen)
    )

    assert closed_signs["gate_closed_first"] == pytest.approx(5.0)
    assert closed_signs["gate_open_first"] == 0.0
    assert frozen_signs["gate_open_first"] == pytest.approx(math.log(1e6) - 5, abs=1e-3)


def test_only_gates_that_do_not_keep_the_state_count_as_the_others() -> None:
    readings = [
        reading("saturated_fraction", "gate:0/forget", 1.0),
        reading("saturated_fraction", "gate:0/input", 0.2),
        reading("saturated_fraction", "gate:0/output", 0.4),
    ]

    found = recurrence_signs(case(seen=telemetry(readings=readings)))

    assert found["other_gates_saturated_first"] == pytest.approx(0.3)
