"""Stretches of probes that agree."""

import numpy as np
import pytest

from app.domain.diagnosis.streaks import latest_streak, recent_median, rolling_median

STEPS = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0])


@pytest.mark.parametrize(
    ("holds", "least", "first", "last", "is_present"),
    [
        ([1, 1, 0, 1, 1, 1], 3, 30, 50, True),
        ([1, 1, 1, 0, 0, 1], 3, 0, 20, False),
        ([1, 1, 0, 1, 1, 0], 2, 30, 40, False),
        ([1, 1, 1, 1, 1, 1], 6, 0, 50, True),
    ],
)
def test_the_latest_stretch_that_is_long_enough_counts(
    holds: list[int], least: int, first: int, last: int, *, is_present: bool
) -> None:
    streak = latest_streak(STEPS, np.array(holds, dtype=bool), least=least)

    assert streak is not None
    assert (streak.first_step, streak.last_step) == (first, last)
    assert streak.num_probes == (last - first) / 10 + 1
    assert streak.is_present is is_present


@pytest.mark.parametrize("holds", [[0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 1]])
def test_single_probes_are_no_stretch(holds: list[int]) -> None:
    assert latest_streak(STEPS, np.array(holds, dtype=bool), least=3) is None


def test_no_probe_is_no_stretch() -> None:
    assert latest_streak(np.array([]), np.array([], dtype=bool), least=1) is None


def test_the_first_medians_are_of_fewer_values() -> None:
    medians = rolling_median(np.array([1.0, 5.0, 3.0, 30.0, 0.0]), size=3)

    assert medians.tolist() == [1, 3, 3, 5, 3]


def test_a_median_of_fewer_values_than_asked_for_is_unknown() -> None:
    assert recent_median(np.array([9.0, 1.0, 2.0, 3.0]), least=3) == 2
    assert recent_median(np.array([1.0, 2.0]), least=3) is None
