"""A few points of a series that hide nothing, with the statistics of all its readings.

Legend: p points that are kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.series import POINTS_PER_BUCKET, Series, SeriesStats, choose_points, series_stats
from app.domain.windows.overview import Outlines, choose_outline_points, stats_of
from app.domain.windows.window import KINDS, WINDOW_STEPS, IntArray, Window, summarise

#: Percentiles of more readings come from a histogram.
EXACT_READINGS = 100_000
#: Points are chosen among at most so many readings of all series; beyond that, among windows.
MAX_CHOSEN_AMONG = 2**20
#: Non-finite readings that are listed of a series that is read by windows.
MAX_NON_FINITE = 10_000


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Points of one series, and what is known of all its readings."""

    quantity: str
    scope: str
    unit: str
    #: Readings, of which the points are some.
    count: int
    #: None without readings.
    first_step: int | None
    last_step: int | None
    #: (p,) ascending.
    steps_p: IntArray
    #: (p,) float32 or float64, as stored.
    values_p: NDArray[np.floating]
    #: (p,) time of storage in microseconds since 1970 UTC; None if it was not read.
    recorded_at_p: NDArray[np.int64] | None
    stats: SeriesStats


@dataclass(frozen=True, kw_only=True)
class SeriesSummary:
    """What windows and pieces of such say of a series."""

    window: Window
    #: By step.
    outlines: Outlines


def is_read_by_windows(num_steps: int, *, max_points: int, num_series: int = 1) -> bool:
    """Whether a range of so many steps is too long for points to be chosen among its readings.

    Buckets of points hold at least one window then, or there are too many series.
    """
    in_buckets = max_points // POINTS_PER_BUCKET * WINDOW_STEPS[0]
    num_readings = min(MAX_CHOSEN_AMONG // max(1, num_series), in_buckets)
    return num_steps > max(EXACT_READINGS, num_readings)


def excerpt_of(series: Series, *, max_points: int) -> Excerpt:
    """Chooses points among all readings."""
    kept_p = choose_points(series.values_n, max_points=max_points)
    size = series.steps_n.size
    return Excerpt(
        quantity=series.quantity,
        scope=series.scope,
        unit=series.unit,
        count=size,
        first_step=int(series.steps_n[0]) if size else None,
        last_step=int(series.steps_n[-1]) if size else None,
        steps_p=series.steps_n[kept_p],
        values_p=series.values_n[kept_p],
        recorded_at_p=series.recorded_at_n[kept_p] if series.recorded_at_n.size else None,
        stats=_stats(series),
    )


def _stats(series: Series) -> SeriesStats:
    values_n = series.values_n
    if values_n.size > EXACT_READINGS and values_n.dtype == np.float32:
        return stats_of(summarise(series.steps_n, values_n.astype(np.float32, copy=False)))
    return series_stats(values_n)


def excerpt_of_windows(
    summary: SeriesSummary,
    *,
    quantity: str,
    scope: str,
    unit: str,
    max_points: int,
    non_finite: tuple[IntArray, NDArray[np.int8]],
) -> Excerpt:
    """Chooses points among the extrema of windows, and keeps the non-finite readings.

    `non_finite` has their steps and their kinds.
    """
    window = summary.window
    steps, values = choose_outline_points(summary.outlines, max_points=max_points)
    bad_steps, bad_kinds = non_finite
    bad_values = np.array(KINDS, dtype=np.float32)[bad_kinds]
    steps_p, places_p = np.unique(np.concatenate([steps, bad_steps]), return_index=True)
    return Excerpt(
        quantity=quantity,
        scope=scope,
        unit=unit,
        count=window.count,
        first_step=window.first.step,
        last_step=window.last.step,
        steps_p=steps_p,
        values_p=np.concatenate([values, bad_values])[places_p],
        recorded_at_p=None,
        stats=stats_of(window),
    )
