"""Slopes by Theil (1950) and Sen (1968): medians over all pairs of points, robust to outliers.

Legend: n points, K pairs of points, R series over the same x.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, Interval

#: Normal quantile of a two-sided 95 % interval.
Z_95 = 1.959964
#: More points than this are thinned evenly, which bounds the pairs.
MAX_POINTS = 200


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Median of the slopes between all pairs of points, per unit of x."""

    value: float
    #: 95 %, from Kendall's variance (Sen 1968).
    interval: Interval


def theil_sen(x_n: DoubleArray, y_n: DoubleArray) -> Slope | None:
    """Returns the slope of y over x; None with fewer than three different x. x must not fall."""
    if x_n.size > MAX_POINTS:
        kept = np.linspace(0, x_n.size - 1, MAX_POINTS).astype(int)
        x_n, y_n = x_n[kept], y_n[kept]
    if np.unique(x_n).size <= 2:  # noqa: PLR2004 - two points always lie on a line
        return None
    slopes = np.sort(pair_slopes(x_n, y_n[None])[0])
    n = x_n.size
    spread = Z_95 * float(np.sqrt(n * (n - 1) * (2 * n + 5) / 18))
    low = max(0, int((slopes.size - spread) // 2))
    high = slopes.size - 1 - low
    return Slope(value=float(np.median(slopes)), interval=(float(slopes[low]), float(slopes[high])))


def median_slopes(x_n: DoubleArray, y_Rn: DoubleArray) -> DoubleArray:
    """Returns the (R,) slopes of the series over x, which must not fall."""
    slopes: DoubleArray = np.median(pair_slopes(x_n, y_Rn), axis=1)
    return slopes


def pair_slopes(x_n: DoubleArray, y_Rn: DoubleArray) -> DoubleArray:
    """Returns (R, K) slopes between all pairs of points; pairs with equal x are left out."""
    first, second = np.triu_indices(x_n.size, k=1)
    run_K, rise_RK = x_n[second] - x_n[first], y_Rn[:, second] - y_Rn[:, first]
    has_run_K = run_K > 0
    slopes_RK: DoubleArray = rise_RK[:, has_run_K] / run_K[has_run_K]
    return slopes_RK
