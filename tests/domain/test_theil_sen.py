"""Slopes that a few wild values do not move."""

import itertools
import statistics

import numpy as np
import pytest

from app.domain.theil_sen import median_slopes, theil_sen


def test_the_slope_of_a_line_is_exact() -> None:
    x = np.arange(10.0)

    slope = theil_sen(x, 3 * x + 1)

    assert slope
    assert slope.value == 3
    assert slope.interval == (3, 3)


def test_wild_points_do_not_move_the_slope() -> None:
    x = np.arange(50.0)
    y = 2 * x
    y[[3, 20, 40]] = 1e6

    slope = theil_sen(x, y)

    assert slope
    assert slope.value == pytest.approx(2)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    x = np.arange(30.0)
    held = 0
    for _ in range(200):
        slope = theil_sen(x, 0.1 * x + rng.normal(size=30))
        assert slope
        held += slope.interval[0] <= 0.1 <= slope.interval[1]

    assert 0.9 <= held / 200 <= 0.99


def test_two_points_have_no_trend() -> None:
    assert theil_sen(np.array([1.0, 1.0, 2.0]), np.zeros(3)) is None


def test_long_series_are_thinned() -> None:
    x = np.arange(100_000.0)

    slope = theil_sen(x, -x)

    assert slope
    assert slope.value == -1


def test_the_slope_is_the_median_over_all_pairs_with_different_x() -> None:
    rng = np.random.default_rng(5)
    x, y = np.array([0.0, 1.0, 1.0, 4.0, 6.0]), rng.normal(size=(3, 5))

    expected = [
        statistics.median(
            (row[j] - row[i]) / (x[j] - x[i])
            for i, j in itertools.combinations(range(5), 2)
            if x[i] != x[j]
        )
        for row in y
    ]

    assert median_slopes(x, y).tolist() == expected
    slope = theil_sen(x, y[0])
    assert slope
    assert slope.value == expected[0]
