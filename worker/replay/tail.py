"""Slope and shape of a lag profile past its entry transient."""

from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, IntArray, Interval, ProfileShape
from app.domain.theil_sen import median_slopes

#: The first lags belong to the read-out and to saturated cells, not to the recurrence: a tenth of
#: the lags, at most ten.
ENTRY_FRACTION = 0.1
MAX_ENTRY_LAGS = 10
#: Fewest lags for a shape.
MIN_FIT_LAGS = 5
#: Evenly spaced lags whose pairs give the slope; more change its third digit, at a quadratic cost.
MAX_FIT_POINTS = 32
#: Changes over the whole fit below this many nats count as none.
FLAT_NATS = 0.01
#: A change below this many nats that is not a straight line is a plateau.
PLATEAU_NATS = 0.5
#: Median residual over total change up to which a curve counts as straight.
STRAIGHT_RESIDUAL = 0.1
#: The same for growth; the curve of a solved task rises too, and not at one rate.
STRAIGHT_GROWTH = 0.02
#: Below this share the curve is a straight line, however well a power law fits.
EXACT_RESIDUAL = 0.005


@dataclass(frozen=True, kw_only=True)
class Tail:
    shape: ProfileShape
    #: Nats per timestep of lag, negative = decays; None unless exponential.
    decay_rate: float | None
    #: 95 % bootstrap interval; None with a single sequence.
    decay_rate_interval: Interval | None
    fit_lags: tuple[int, int] | None
    entry_ratio: float | None


def fit_tail(log_ratio_L: DoubleArray, log_ratio_RL: DoubleArray | None, *, last_lag: int) -> Tail:
    """Fit up to the last lag that enough anchors reach before the first exact zero."""
    first_lag = entry_lags(last_lag)
    vanished_L = np.flatnonzero(~np.isfinite(log_ratio_L[: last_lag + 1]))
    last_lag = int(vanished_L[0]) - 1 if vanished_L.size else last_lag
    if last_lag - first_lag + 1 < MIN_FIT_LAGS:
        ratio = float(np.exp(log_ratio_L[first_lag])) if first_lag < log_ratio_L.size else None
        return Tail(
            shape="undetermined",
            decay_rate=None,
            decay_rate_interval=None,
            fit_lags=None,
            entry_ratio=ratio,
        )
    lags_K = spaced_lags(first_lag, last_lag)
    shape, slope = classify(lags_K, log_ratio_L[lags_K])
    is_exponential = shape == "exponential"
    interval = None
    if is_exponential and log_ratio_RL is not None:
        interval = _slope_interval(lags_K, log_ratio_RL[:, lags_K])
    return Tail(
        shape=shape,
        decay_rate=slope if is_exponential else None,
        decay_rate_interval=interval,
        fit_lags=(first_lag, last_lag),
        entry_ratio=float(np.exp(log_ratio_L[first_lag])),
    )


def entry_lags(last_lag: int) -> int:
    return int(np.clip(round(ENTRY_FRACTION * last_lag), 1, MAX_ENTRY_LAGS))


def spaced_lags(first_lag: int, last_lag: int) -> IntArray:
    count = min(MAX_FIT_POINTS, last_lag - first_lag + 1)
    return np.unique(np.linspace(first_lag, last_lag, count).round().astype(np.int32))


def classify(lags_K: IntArray, log_ratio_K: DoubleArray) -> tuple[ProfileShape, float]:
    """Shape and slope: a line is `exponential`, falling or rising; other growth is `rising`."""
    x_K = lags_K.astype(np.float64)
    slope, residual = _line(x_K, log_ratio_K)
    change = abs(slope) * float(x_K[-1] - x_K[0])
    if change < FLAT_NATS:
        return "plateau", slope
    _, power_residual = _line(np.log(x_K), log_ratio_K)
    is_power_law = slope < 0 and power_residual < 0.5 * residual
    if residual <= EXACT_RESIDUAL * change:
        return "exponential", slope
    if change < PLATEAU_NATS and residual > STRAIGHT_RESIDUAL * change:
        return "plateau", slope
    if is_power_law:
        return "power_law", slope
    return _by_residual(slope, residual / change, power_residual / change), slope


def _by_residual(slope: float, straight: float, power: float) -> ProfileShape:
    if slope > 0:
        return "exponential" if straight <= STRAIGHT_GROWTH else "rising"
    if straight <= STRAIGHT_RESIDUAL:
        return "exponential"
    return "power_law" if power < straight else "exponential"


def _line(x_K: DoubleArray, y_K: DoubleArray) -> tuple[float, float]:
    """Theil-Sen slope and the median distance from the line."""
    slope = float(median_slopes(x_K, y_K[None])[0])
    rest_K = y_K - slope * x_K
    return slope, float(np.median(np.abs(rest_K - np.median(rest_K))))


def _slope_interval(lags_K: IntArray, log_ratio_RK: DoubleArray) -> Interval | None:
    finite_RK = log_ratio_RK[np.isfinite(log_ratio_RK).all(axis=1)]
    if not finite_RK.size:
        return None
    slopes_R = median_slopes(lags_K.astype(np.float64), finite_RK)
    low, high = np.percentile(slopes_R, (2.5, 97.5))
    return float(low), float(high)
