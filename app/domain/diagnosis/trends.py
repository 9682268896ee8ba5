"""Robust statistics of series: slopes by Theil and Sen, medians of what came before.

Legend: n values.
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
    """(n,) median of the `history` values before each block of `BLOCK`; NaN in the first block."""
    medians_n = np.full(values_n.size, np.nan)
    for start in range(BLOCK, values_n.size, BLOCK):
        past = values_n[max(0, start - history) : start]
        past = past[np.isfinite(past)]
        if past.size:
            medians_n[start : start + BLOCK] = np.median(past)
    return medians_n


def finite_median(values_n: DoubleArray) -> float | None:
    """Median of the finite values; None where there is none."""
    finite = values_n[np.isfinite(values_n)]
    return float(np.median(finite)) if finite.size else None
