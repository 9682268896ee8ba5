"""Excerpts of readings and of windows agree; only percentiles of many readings are estimates."""

import numpy as np
import pytest

from app.domain.series import Series
from app.domain.windows.excerpt import (
    EXACT_READINGS,
    MAX_CHOSEN_AMONG,
    SeriesSummary,
    excerpt_of,
    excerpt_of_windows,
    is_read_by_windows,
)
from app.domain.windows.histogram import PERCENTILE_ERROR
from app.domain.windows.overview import outlines_of
from app.domain.windows.window import aligned, merge, summarise


def series(values_n: np.ndarray) -> Series:
    return Series(
        quantity="loss",
        scope="model",
        unit="1",
        steps_n=np.arange(values_n.size, dtype=np.int32),
        values_n=values_n,
        recorded_at_n=np.arange(values_n.size, dtype=np.int64),
    )


def test_a_short_series_is_its_own_excerpt() -> None:
    excerpt = excerpt_of(series(np.array([3.0, 1.0, 2.0], dtype=np.float32)), max_points=4)

    assert excerpt.steps_p.tolist() == [0, 1, 2]
    assert excerpt.values_p.tolist() == [3, 1, 2]
    assert excerpt.recorded_at_p is not None
    assert excerpt.recorded_at_p.tolist() == [0, 1, 2]
    assert (excerpt.count, excerpt.first_step, excerpt.last_step) == (3, 0, 2)
    assert excerpt.stats.percentile_error == 0


def test_an_excerpt_of_nothing_has_no_steps() -> None:
    excerpt = excerpt_of(series(np.empty(0, dtype=np.float32)), max_points=4)

    assert (excerpt.count, excerpt.first_step, excerpt.last_step) == (0, None, None)


@pytest.mark.parametrize(
    ("dtype", "more", "error"),
    [(np.float32, 0, 0.0), (np.float32, 1, PERCENTILE_ERROR), (np.float64, 1, 0.0)],
)
def test_percentiles_of_many_single_readings_are_estimated(
    dtype: type, more: int, error: float
) -> None:
    random = np.random.default_rng(0).random(EXACT_READINGS + more)
    values_n: np.ndarray = random.astype(dtype)

    excerpt = excerpt_of(series(values_n), max_points=100)

    assert excerpt.stats.percentile_error == error
    assert excerpt.stats.p50 == pytest.approx(np.median(values_n), rel=error or 1e-9)


@pytest.mark.parametrize(
    ("num_steps", "max_points", "by_windows"),
    [
        (EXACT_READINGS, 4, False),
        (EXACT_READINGS + 1, 4, True),
        (256_000, 1000, False),
        (256_001, 1000, True),
        (MAX_CHOSEN_AMONG, 100_000, False),
        (MAX_CHOSEN_AMONG + 1, 100_000, True),
    ],
)
def test_long_ranges_are_read_by_windows(
    num_steps: int, max_points: int, *, by_windows: bool
) -> None:
    assert is_read_by_windows(num_steps, max_points=max_points) is by_windows


def test_of_many_series_shorter_ranges_are_read_by_windows() -> None:
    assert not is_read_by_windows(131_072, max_points=1000, num_series=8)
    assert is_read_by_windows(131_073, max_points=1000, num_series=8)
    assert not is_read_by_windows(EXACT_READINGS, max_points=1000, num_series=1000)


def test_an_excerpt_of_windows_keeps_extrema_and_non_finite_readings() -> None:
    values_n = np.random.default_rng(0).random(40_960).astype(np.float32)
    values_n[[7, 20_000, 30_000]] = np.nan, 5.0, -np.inf
    steps_n = np.arange(values_n.size, dtype=np.int32)
    windows = [summarise(steps_n[p], values_n[p]) for _, p in aligned(steps_n, size=1024)]
    summary = SeriesSummary(window=merge(windows), outlines=outlines_of(windows))
    found = summary.window.non_finite

    excerpt = excerpt_of_windows(
        summary,
        quantity="loss",
        scope="model",
        unit="1",
        max_points=40,
        non_finite=(found.steps_k, found.kinds_k),
    )

    assert {0, 7, 20_000, 30_000, 40_959} <= set(excerpt.steps_p.tolist())
    np.testing.assert_array_equal(excerpt.values_p, values_n[excerpt.steps_p])
    assert excerpt.steps_p.size <= 40 + 2
    assert (excerpt.first_step, excerpt.last_step) == (0, 40_959)
    assert (excerpt.count, excerpt.stats.num_finite, excerpt.stats.max) == (40_960, 40_958, 5)
    assert excerpt.recorded_at_p is None
