import math

import numpy as np
import pytest

from bench.diagnosis.bootstrap import share_of
from bench.diagnosis.calibration import binned_error, calibration


def test_the_share_is_over_all_cases_and_its_interval_over_tasks():
    found = share_of({"one": [True] * 10, "two": [False] * 30})

    assert found.value == 0.25
    assert (found.low, found.high) == (0.0, 1.0)


def test_equal_tasks_have_no_width():
    found = share_of({"one": [True, False], "two": [True, False]})

    assert (found.low, found.high) == (0.5, 0.5)


def test_the_interval_has_the_width_of_the_mean_of_independent_tasks():
    rng = np.random.default_rng(1)
    tasks = {str(index): [bool(rng.random() < 0.3)] for index in range(400)}

    found = share_of(tasks)

    width = 1.96 * math.sqrt(found.value * (1 - found.value) / 400)
    assert found.high - found.value == pytest.approx(width, rel=0.1)


def test_no_cases_have_no_share():
    found = share_of({})

    assert math.isnan(found.value)
    assert str(found) == "no cases"


def test_confidences_that_come_true_as_often_have_no_error():
    confidences = np.repeat([0.25, 0.75], 8)
    came_true = np.array([1, 0, 0, 0] * 2 + [1, 1, 1, 0] * 2, dtype=float)

    assert binned_error(confidences, came_true) == 0


def test_the_error_is_the_mean_distance_over_four_bins():
    confidences = np.repeat([0.2, 0.4, 0.6, 0.8], 4)

    assert binned_error(confidences, np.ones(16)) == pytest.approx(0.5)


def test_the_floor_is_what_chance_leaves_of_perfect_confidences():
    rng = np.random.default_rng(2)
    confidences = rng.random(400)
    came_true = rng.random(400) < confidences

    found = calibration(confidences.tolist(), came_true.tolist())

    assert found is not None
    assert found.error == pytest.approx(found.floor, abs=0.03)


def test_fewer_cases_than_bins_are_not_calibrated():
    assert calibration([0.5, 0.5, 0.5], [True, False, True]) is None
