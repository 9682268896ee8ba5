"""The reduction hides no spike, and statistics are exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.series import (
    PERCENTILES,
    SeriesStats,
    choose_points,
    series_stats,
    shortest_decimals,
)

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


def test_a_short_series_is_kept_whole() -> None:
    kept = choose_points(np.ones(10, dtype=np.float32), max_points=10)

    assert kept.tolist() == list(range(10))


def test_each_bucket_gives_first_last_smallest_and_largest_and_all_that_is_not_finite() -> None:
    first, second = [5.0, 1.0, 2.0, 9.0, 3.0, 3.0], [3.0, 3.0, 0.0, 7.0, float("nan"), 4.0]

    kept = choose_points(np.array([*first, *second]), max_points=8)

    assert kept.tolist() == [0, 1, 3, 5, 6, 8, 9, 10, 11]


def test_a_last_bucket_may_be_shorter() -> None:
    values = np.array([1.0, 9.0, 5.0, 5.0, 4.0, 2.0, 3.0])

    assert choose_points(values, max_points=6).tolist() == [0, 1, 6]
    assert choose_points(values[:-1], max_points=5).tolist() == [0, 1, 5]


def test_of_equal_extremes_the_first_one_is_kept() -> None:
    values = np.array([2.0, 3.0, 1.0, 3.0, 1.0, 2.0])

    assert choose_points(values, max_points=4).tolist() == [0, 1, 2, 5]


@pytest.mark.parametrize("max_points", [1, 2, 3, 4, 7])
def test_fewer_than_two_buckets_of_points_are_one_bucket(max_points: int) -> None:
    values = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 3.5, 2.5, 3.2])

    assert choose_points(values, max_points=max_points).tolist() == [0, 1, 3, 7]


def test_every_spike_dip_and_non_finite_step_survives() -> None:
    values = np.random.default_rng(1).normal(size=100_000).astype(np.float32)
    values[[777, 50_000]] = 1e30, -1e30
    values[[3, 4, 99_998]] = np.nan, np.inf, -np.inf

    kept = choose_points(values, max_points=1000)

    assert {0, 3, 4, 777, 50_000, 99_998, 99_999} <= set(kept.tolist())
    assert kept.size <= 1000 + 3


@given(arrays(np.float32, st.integers(0, 400), elements=floats), st.integers(4, 60))
def test_each_bucket_keeps_its_extremes(values: np.ndarray, max_points: int) -> None:
    kept = choose_points(values, max_points=max_points)

    if values.size <= max_points:
        assert kept.size == values.size
        return
    width = -(-values.size // (max_points // 4))
    for start in range(0, values.size, width):
        bucket = values[start : start + width]
        positions = kept[(kept >= start) & (kept < start + width)]
        finite = bucket[np.isfinite(bucket)]
        shown = values[positions]
        assert {start, start + bucket.size - 1} <= set(positions.tolist())
        assert (~np.isfinite(shown)).sum() == (~np.isfinite(bucket)).sum()
        if finite.size:
            shown_finite = shown[np.isfinite(shown)]
            assert (shown_finite.min(), shown_finite.max()) == (finite.min(), finite.max())


@given(arrays(np.float32, st.integers(0, 50), elements=floats))
def test_the_shortest_decimal_reads_back_to_the_stored_value(values: np.ndarray) -> None:
    back = np.array(shortest_decimals(values), dtype=np.float32)

    np.testing.assert_array_equal(back, values)


def test_a_tenth_in_single_precision_prints_as_a_tenth() -> None:
    assert shortest_decimals(np.array([0.1, 1e-45, 3.4e38], dtype=np.float32)) == [
        0.1,
        1e-45,
        3.4e38,
    ]
    assert shortest_decimals(np.array([0.1 + 0.2])) == [0.1 + 0.2]


def test_statistics_are_over_all_finite_readings() -> None:
    values = np.append(np.arange(1000, dtype=np.float32), [np.nan, np.inf])

    stats = series_stats(values.astype(np.float32))

    assert (stats.count, stats.num_finite) == (1002, 1000)
    assert stats.mean == pytest.approx(499.5)
    assert (stats.min, stats.max) == (0, 999)
    assert (stats.p10, stats.p50) == pytest.approx((99.9, 499.5))
    assert (stats.p90, stats.p99) == pytest.approx((899.1, 989.01))


def test_statistics_of_nothing_are_nulls_and_of_huge_values_finite() -> None:
    nothing = series_stats(np.array([np.nan], dtype=np.float32))
    huge = series_stats(np.full(1000, 1.7e308))

    assert nothing == SeriesStats(
        count=1,
        num_finite=0,
        mean=None,
        p10=None,
        p50=None,
        p90=None,
        p99=None,
        min=None,
        max=None,
    )
    assert huge.mean == pytest.approx(1.7e308)


def test_the_mean_of_zeros_is_zero() -> None:
    assert series_stats(np.zeros(5)).mean == 0.0


def test_extremes_are_told_in_the_array_s_own_precision() -> None:
    stats = series_stats(np.array([0.1, 0.7], dtype=np.float32))

    assert (stats.min, stats.max) == (0.1, 0.7)


@given(
    arrays(
        np.float32,
        st.integers(1, 60),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_percentiles_are_those_of_numpy_in_double_precision(values: np.ndarray) -> None:
    for kind in (np.float32, np.float64):
        stats = series_stats(values.astype(kind))

        expected = np.percentile(values.astype(np.float64), PERCENTILES)
        assert [stats.p10, stats.p50, stats.p90, stats.p99] == expected.tolist()
