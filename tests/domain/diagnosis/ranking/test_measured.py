import math

import numpy as np
import pytest

from app.domain.diagnosis.ranking.measured import (
    MEAN,
    MIN,
    MOST_NATS,
    MOST_STEPS,
    first,
    largest,
    last,
    least,
    limited,
    log_ratio,
    middle,
    nats,
    probed,
    share,
    step_curve,
)
from app.domain.scopes import ScopeKind
from tests.domain.builders import case, reading, telemetry


def _case(readings):
    return case(seen=telemetry(readings=readings))


READINGS = (
    reading("saturated_fraction", "layer:0", 0.1, step=0),
    reading("saturated_fraction", "gate:0/forget", 0.4, step=0),
    reading("saturated_fraction", "layer:0", math.nan, step=10),
    reading("saturated_fraction", "gate:0/forget", 0.2, step=10),
    reading("saturated_fraction", "gate:0/input", 0.6, step=10),
    reading("state_norm", "layer:0", math.inf, step=10),
)


def test_scopes_of_one_step_are_reduced_to_one_value() -> None:
    given = _case(READINGS)

    assert probed(given, "saturated_fraction").tolist() == [0.4, 0.6]
    assert probed(given, "saturated_fraction", MIN).tolist() == [0.1, 0.2]
    assert probed(given, "saturated_fraction", MEAN).tolist() == [0.25, 0.4]


def test_only_the_chosen_scopes_count() -> None:
    given = _case(READINGS)

    assert probed(given, "saturated_fraction", kinds=(ScopeKind.LAYER,)).tolist() == [0.1]
    assert probed(given, "saturated_fraction", name="input").tolist() == [0.6]


def test_an_infinite_value_stays_the_largest() -> None:
    assert probed(_case(READINGS), "state_norm")[0] == 1e300


def test_a_quantity_without_readings_has_no_values_or_the_given_one() -> None:
    given = _case(READINGS)

    assert probed(given, "dead_fraction").size == 0
    assert probed(given, "dead_fraction", none=0.0).tolist() == [0.0]


def test_the_last_value_is_the_median_of_three() -> None:
    assert last(np.array([9.0, 1.0, 5.0, 2.0])) == 2.0


@pytest.mark.parametrize("summary", [first, last, middle, largest, least])
def test_nothing_has_no_summary(summary) -> None:
    assert math.isnan(summary(np.empty(0)))


def test_logarithms_are_cut_off_and_unknown_numbers_stay_unknown() -> None:
    assert nats(math.e) == 1.0
    assert nats(0.0) == -MOST_NATS
    assert nats(1e300) == MOST_NATS
    assert math.isnan(nats(math.nan))
    assert log_ratio(0.0, 1e300) == -MOST_NATS
    assert math.isnan(log_ratio(1.0, math.nan))


def test_a_limited_number_lies_within_its_bounds() -> None:
    assert limited(7.0, -1, 1) == 1
    assert math.isnan(limited(math.nan, -1, 1))


def test_a_share_of_nothing_is_unknown() -> None:
    assert share(np.array([True, False])) == 0.5
    assert math.isnan(share(np.empty(0, dtype=np.bool_)))


def test_a_long_curve_is_thinned_and_holds_only_finite_values() -> None:
    loss = np.full(10 * MOST_STEPS, 0.5)
    loss[0] = math.inf

    curve_n = step_curve(case(seen=telemetry(num_steps=loss.size, loss=loss)), "loss")

    assert curve_n.size == MOST_STEPS - 1
