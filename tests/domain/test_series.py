"""The reduction hides no spike, and statistics are exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.series import choose_points, series_stats, shortest_decimals

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


def test_a_short_series_is_kept_whole() -> None:
    kept = choose_points(np.ones(10, dtype=np.float32), max_points=10)

    assert kept.tolist() == list(range(10))


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
    assert stats.p50 == pytest.approx(499.5)
    assert stats.p99 == pytest.approx(989.01)


def test_statistics_of_nothing_are_nulls_and_of_huge_values_finite() -> None:
    nothing = series_stats(np.array([np.nan], dtype=np.float32))
    huge = series_stats(np.full(1000, 1.7e308))

    assert (nothing.count, nothing.mean, nothing.min) == (1, None, None)
    assert huge.mean == pytest.approx(1.7e308)
