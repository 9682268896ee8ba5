"""Whether the residuals of forecasts that follow each other are white noise.

Shapes: n residuals, L lags.
"""

import math

import numpy as np

from app.domain.telemetry import DoubleArray

#: Lags that are tested together, and residuals for each of them at least.
MAX_LAGS = 10
RESIDUALS_PER_LAG = 5
#: Standard normal deviate above which 1 % of white residuals lie.
NORMAL_DEVIATE = 2.326


def are_white(residuals_n: DoubleArray) -> bool | None:
    """Returns whether the autocorrelations are those of white noise, at the level of 1 %.

    By the statistic of Ljung and Box (1978), n (n + 2) sum of r_k² / (n - k) over lags k. Residuals
    that are NaN are left out. Returns None if there are too few residuals or all are equal.
    """
    is_known_n = np.isfinite(residuals_n)
    count = int(is_known_n.sum())
    num_lags = min(MAX_LAGS, count // RESIDUALS_PER_LAG)
    if num_lags < MAX_LAGS // 2:
        return None
    centred_n = np.where(is_known_n, residuals_n - residuals_n[is_known_n].mean(), 0.0)
    total = float(np.square(centred_n).sum())
    if not total > 0:
        return None
    statistic = sum(
        (float(centred_n[lag:] @ centred_n[:-lag]) / total) ** 2 / (count - lag)
        for lag in range(1, num_lags + 1)
    )
    return count * (count + 2) * statistic <= _largest_of_chance(num_lags)


def _largest_of_chance(num_lags: int) -> float:
    """Returns the 99th percentile of chi², by the cube of a normal (Wilson & Hilferty 1931)."""
    share = 2 / (9 * num_lags)
    return num_lags * (1 - share + NORMAL_DEVIATE * math.sqrt(share)) ** 3
