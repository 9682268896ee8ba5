"""Robust statistics of series: slopes by Theil and Sen, medians of what came before.

Legend: n values, R windows of W values.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, Interval

#: Normal quantile of a two-sided 95 % interval.
Z_95 = 1.959964
#: More points than this are thinned evenly, which bounds the pairs.
MAX_POINTS = 200
#: Steps between the places where `trailing_median` is taken anew.
BLOCK = 20
#: Windows that are sorted at once, which bounds the memory.
MAX_ROWS = 2000


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Median of the slopes between all pairs of points, per unit of x."""

    value: float
    #: 95 %, from Kendall's variance (Sen 1968).
    interval: Interval


def theil_sen(x_n: DoubleArray, y_n: DoubleArray) -> Slope | None:
    """Slope of y over x (Theil 1950, Sen 1968); None with fewer than three different x."""
    if x_n.size > MAX_POINTS:
        kept = np.linspace(0, x_n.size - 1, MAX_POINTS).astype(int)
        x_n, y_n = x_n[kept], y_n[kept]
    if np.unique(x_n).size <= 2:  # noqa: PLR2004 - two points always lie on a line
        return None
    first, second = np.triu_indices(x_n.size, k=1)
    run, rise = x_n[second] - x_n[first], y_n[second] - y_n[first]
    slopes = np.sort(rise[run > 0] / run[run > 0])
    n = x_n.size
    spread = Z_95 * float(np.sqrt(n * (n - 1) * (2 * n + 5) / 18))
    low = max(0, int((slopes.size - spread) // 2))
    high = slopes.size - 1 - low
    return Slope(value=float(np.median(slopes)), interval=(float(slopes[low]), float(slopes[high])))


def trailing_median(values_n: DoubleArray, *, history: int) -> DoubleArray:
    """(n,) median of the `history` values before each block of `BLOCK`; NaN if none is finite."""
    if not values_n.size:
        return values_n
    starts = np.arange(0, values_n.size, BLOCK)
    past = np.concatenate([np.full(history, np.inf), values_n])
    past[~np.isfinite(past)] = np.inf
    windows = np.lib.stride_tricks.sliding_window_view(past, history)
    medians = [
        _row_medians(windows[starts[first : first + MAX_ROWS]])
        for first in range(0, starts.size, MAX_ROWS)
    ]
    return np.repeat(np.concatenate(medians), BLOCK)[: values_n.size]


def _row_medians(windows_RW: DoubleArray) -> DoubleArray:
    """(R,) median of each row's finite values; those that are not stand as +inf, so at its end."""
    sorted_RW = np.sort(windows_RW, axis=1)
    num_finite_R = np.isfinite(sorted_RW).sum(axis=1)
    rows_R = np.arange(windows_RW.shape[0])
    low_R = sorted_RW[rows_R, np.maximum(num_finite_R - 1, 0) // 2]
    high_R = sorted_RW[rows_R, num_finite_R // 2]
    return np.where(num_finite_R > 0, (low_R + high_R) / 2, np.nan)


def finite_median(values_n: DoubleArray) -> float | None:
    """Median of the finite values; None where there is none."""
    finite = values_n[np.isfinite(values_n)]
    return float(np.median(finite)) if finite.size else None
