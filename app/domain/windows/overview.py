"""The points and the statistics of a long series, from its windows alone.

Legend: w windows of the lowest level and pieces of such, b buckets, p points that are kept.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.series import PERCENTILES, POINTS_PER_BUCKET, SeriesStats, shortest
from app.domain.windows.exact_sums import exact_mean
from app.domain.windows.histogram import PERCENTILE_ERROR, medians, percentiles
from app.domain.windows.window import FloatArray, IntArray, Point, Window

#: What an overview needs of a window. Steps of `least` and `greatest` are -1 without finite values.
OUTLINE = np.dtype(
    [
        ("first_step", "<i4"),
        ("last_step", "<i4"),
        ("least_step", "<i4"),
        ("greatest_step", "<i4"),
        ("first", "<f4"),
        ("last", "<f4"),
        ("least", "<f4"),
        ("greatest", "<f4"),
        #: Within `PERCENTILE_ERROR`; NaN without finite values.
        ("median", "<f4"),
        ("count", "<u4"),
        ("num_non_finite", "<u4"),
    ]
)
Outlines = NDArray[np.void]
_NO_POINT = Point(step=-1, value=float("nan"))


def outlines_of(windows: Sequence[Window]) -> Outlines:
    """(w,) of type `OUTLINE`."""
    found = [window.histogram for window in windows if window.num_finite]
    median = iter(medians(found).tolist() if found else ())
    rows = [_outline(window, next(median) if window.num_finite else None) for window in windows]
    outlines_w = np.array(rows, dtype=OUTLINE)
    # a bin's representative may lie outside of the values in the bin
    outlines_w["median"] = outlines_w["median"].clip(outlines_w["least"], outlines_w["greatest"])
    return outlines_w


def _outline(window: Window, median: float | None) -> tuple[float, ...]:
    least, greatest = window.least or _NO_POINT, window.greatest or _NO_POINT
    return (
        window.first.step,
        window.last.step,
        least.step,
        greatest.step,
        window.first.value,
        window.last.value,
        least.value,
        greatest.value,
        _NO_POINT.value if median is None else median,
        window.count,
        window.non_finite.count,
    )


def choose_outline_points(outlines_w: Outlines, *, max_points: int) -> tuple[IntArray, FloatArray]:
    """(p,) steps and values of about `max_points` readings, by step.

    They are the first, last, smallest and largest of each of max_points / 4 buckets. A bucket holds
    whole windows, so that there are at most as many buckets as windows.
    """
    upto_w = np.cumsum(outlines_w["count"].astype(np.int64))
    num_buckets = max(1, max_points // POINTS_PER_BUCKET)
    bucket_w = (upto_w - 1) * num_buckets // upto_w[-1]
    is_first_w = np.diff(bucket_w, prepend=-1) > 0
    is_last_w = np.diff(bucket_w, append=num_buckets) > 0
    least_w, greatest_w = outlines_w["least"], -outlines_w["greatest"]
    chosen = (
        (outlines_w["first_step"], outlines_w["first"], is_first_w),
        (outlines_w["last_step"], outlines_w["last"], is_last_w),
        (outlines_w["least_step"], outlines_w["least"], _is_least(least_w, is_first_w)),
        (outlines_w["greatest_step"], outlines_w["greatest"], _is_least(greatest_w, is_first_w)),
    )
    steps = np.concatenate([step_w[is_kept_w] for step_w, _, is_kept_w in chosen])
    values = np.concatenate([value_w[is_kept_w] for _, value_w, is_kept_w in chosen])
    steps_p, places_p = np.unique(steps, return_index=True)
    return steps_p, values[places_p]


def _is_least(value_w: FloatArray, is_first_w: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(w,) whether a window holds the smallest value of its bucket; NaN stands for none."""
    filled_w = np.where(np.isnan(value_w), np.inf, value_w)
    starts_b = np.flatnonzero(is_first_w)
    bucket_w = np.cumsum(is_first_w) - 1
    (found,) = np.nonzero(filled_w == np.minimum.reduceat(filled_w, starts_b)[bucket_w])
    found = found[~np.isnan(value_w[found])]
    _, first_of_bucket = np.unique(bucket_w[found], return_index=True)
    is_least_w = np.zeros(value_w.size, dtype=bool)
    is_least_w[found[first_of_bucket]] = True
    return is_least_w


def stats_of(window: Window) -> SeriesStats:
    """Returns exact statistics, but for percentiles with a relative error of `PERCENTILE_ERROR`."""
    least, greatest = window.least, window.greatest
    if least is None or greatest is None:
        return SeriesStats.of_nothing(count=window.count)
    found = percentiles(window.histogram, PERCENTILES).clip(least.value, greatest.value)
    p10, p50, p90, p99 = found.tolist()
    like = np.empty(0, dtype=np.float32)
    return SeriesStats(
        count=window.count,
        num_finite=window.num_finite,
        mean=exact_mean(window.total, window.num_finite),
        p10=p10,
        p50=p50,
        p90=p90,
        p99=p99,
        percentile_error=PERCENTILE_ERROR,
        min=shortest(np.float64(least.value), like=like),
        max=shortest(np.float64(greatest.value), like=like),
    )
