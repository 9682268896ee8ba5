"""Points and statistics of windows tell what those of the readings tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.series import series_stats
from app.domain.windows.histogram import PERCENTILE_ERROR
from app.domain.windows.overview import choose_outline_points, outlines_of, stats_of
from app.domain.windows.window import Window, aligned, merge, summarise

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


def windows_of(values_n: np.ndarray, *, size: int) -> list[Window]:
    steps_n = np.arange(values_n.size, dtype=np.int32)
    return [summarise(steps_n[p], values_n[p]) for _, p in aligned(steps_n, size=size)]


@given(arrays(np.float32, st.integers(1, 300), elements=floats), st.integers(4, 60))
def test_each_bucket_keeps_its_extrema(values_n: np.ndarray, max_points: int) -> None:
    outlines = outlines_of(windows_of(values_n, size=8))

    steps_p, values_p = choose_outline_points(outlines, max_points=max_points)

    assert len(steps_p) <= max_points + 3
    np.testing.assert_array_equal(values_p, values_n[steps_p])
    assert {0, values_n.size - 1} <= set(steps_p.tolist())
    finite_n = values_n[np.isfinite(values_n)]
    if finite_n.size:
        kept = values_p[np.isfinite(values_p)]
        assert (kept.min(), kept.max()) == (finite_n.min(), finite_n.max())


def test_of_equal_extrema_the_first_one_is_kept() -> None:
    values_n = np.array([2, 3, 1, 3, 1, 2, 2, 2], dtype=np.float32)

    steps_p, _ = choose_outline_points(outlines_of(windows_of(values_n, size=2)), max_points=4)

    assert steps_p.tolist() == [0, 1, 2, 7]


def test_buckets_hold_about_as_many_readings() -> None:
    outlines = outlines_of(windows_of(np.arange(4096, dtype=np.float32), size=4))

    steps_p, _ = choose_outline_points(outlines, max_points=16)

    assert steps_p.tolist() == [0, 1023, 1024, 2047, 2048, 3071, 3072, 4095]


def test_statistics_are_exact_but_for_percentiles() -> None:
    values_n = np.random.default_rng(0).lognormal(size=50_000).astype(np.float32)
    values_n[[5, 7]] = np.nan, np.inf

    found = stats_of(merge(windows_of(values_n, size=1024)))
    wanted = series_stats(values_n)

    assert (found.count, found.num_finite) == (wanted.count, wanted.num_finite)
    assert (found.min, found.max) == (wanted.min, wanted.max)
    assert found.mean == pytest.approx(wanted.mean, rel=1e-12)
    assert found.percentile_error == PERCENTILE_ERROR
    for name in ("p10", "p50", "p90", "p99"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=PERCENTILE_ERROR)


def test_percentiles_of_a_constant_are_that_constant() -> None:
    found = stats_of(merge(windows_of(np.full(2048, 0.001, dtype=np.float32), size=1024)))

    assert found.p10 == found.p99 == float(np.float32(0.001))
    assert found.min == found.max == 0.001


def test_without_a_finite_reading_only_counts_are_told() -> None:
    found = stats_of(merge(windows_of(np.full(9, np.nan, dtype=np.float32), size=4)))

    assert (found.count, found.num_finite, found.mean, found.p50) == (9, 0, None, None)
