"""Root mean square over anchors of gradient norms by lag, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, Horizon, IntArray, Interval, LagRatio

NUM_RESAMPLES = 200
#: Lags that fewer anchors reach are stored but not judged.
MIN_ANCHORS = 8


@dataclass(frozen=True, kw_only=True)
class LagCurve:
    #: Logarithm of the RMS over the anchors that have the lag, −inf for an exact zero.
    log_norm_L: DoubleArray
    #: Logarithm of that RMS over the RMS at lag 0 of the same anchors.
    log_ratio_L: DoubleArray
    #: The same for each bootstrap resample; None with a single sequence.
    log_ratio_RL: DoubleArray | None
    #: Logarithm of the median over sequences of each one's RMS.
    log_median_L: DoubleArray
    num_anchors_L: IntArray
    #: Largest lag that enough anchors reach.
    last_lag: int

    def horizon(self, threshold: float) -> Horizon:
        """Largest lag before the first at which the ratio is below the threshold."""
        first_below = _first_below(self.log_ratio_L[None, : self.last_lag + 1], threshold)[0]
        is_censored = first_below > self.last_lag
        interval: Interval = (0.0, float(self.last_lag))
        if self.log_ratio_RL is not None:
            below_R = _first_below(self.log_ratio_RL[:, : self.last_lag + 1], threshold)
            interval = _percentiles(np.maximum(below_R - 1.0, 0.0).astype(np.float64))
        return Horizon(
            value=max(int(first_below) - 1, 0),
            first_below=None if is_censored else int(first_below),
            censored=bool(is_censored),
            threshold=threshold,
            interval=interval,
        )

    def ratio_at(self, lag: int) -> LagRatio | None:
        """None beyond the sequences; with a single sequence the interval says nothing: (0, inf)."""
        if lag >= self.num_anchors_L.size or self.num_anchors_L[lag] == 0:
            return None
        interval: Interval = (0.0, float("inf"))
        if self.log_ratio_RL is not None:
            column_R = self.log_ratio_RL[:, lag]
            interval = _percentiles(np.exp(column_R[~np.isnan(column_R)]).astype(np.float64))
        value = float(np.exp(self.log_ratio_L[lag]))
        return LagRatio(lag=lag, value=value, interval=interval)


def summarise(
    log_norm_NL: DoubleArray, sequence_N: IntArray, random: np.random.Generator
) -> LagCurve:
    """Sequences are resampled, not anchors: those of one sequence are no independent witnesses."""
    num_anchors_L = np.count_nonzero(~np.isnan(log_norm_NL), axis=0).astype(np.int32)
    covered_L = np.flatnonzero(num_anchors_L >= min(MIN_ANCHORS, log_norm_NL.shape[0]))
    squares = _sum_by_sequence(log_norm_NL, sequence_N)
    num_sequences = squares.sum_BL.shape[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_L = squares.sum_BL.sum(axis=0) / squares.count_BL.sum(axis=0)
        log_ratio_RL = None
        if num_sequences > 1:
            log_ratio_RL = _log_ratio(_resamples(num_sequences, random), squares)
        return LagCurve(
            log_norm_L=squares.peak_L + 0.5 * np.log(mean_L),
            log_ratio_L=_log_ratio(np.ones((1, num_sequences)), squares)[0],
            log_ratio_RL=log_ratio_RL,
            log_median_L=squares.peak_L + 0.5 * _log_median(squares),
            num_anchors_L=num_anchors_L,
            last_lag=int(covered_L[-1]),
        )


def log_rms(log_norm_NL: DoubleArray) -> DoubleArray:
    """Logarithm of the RMS by lag, without intervals."""
    peak_L = _peaks(log_norm_NL)
    with np.errstate(divide="ignore", invalid="ignore"):
        square_NL = np.exp(2 * (log_norm_NL - peak_L))
        count_L = np.sum(~np.isnan(log_norm_NL), axis=0)
        result: DoubleArray = peak_L + 0.5 * np.log(np.nansum(square_NL, axis=0) / count_L)
    return result


@dataclass(frozen=True, kw_only=True)
class _Squares:
    """Squared norms summed by sequence, in units of exp(2 · peak) of their lag."""

    peak_L: DoubleArray
    sum_BL: DoubleArray
    #: Those at lag 0 of the anchors that have lag L.
    base_BL: DoubleArray
    count_BL: DoubleArray


def _sum_by_sequence(log_norm_NL: DoubleArray, sequence_N: IntArray) -> _Squares:
    peak_L = _peaks(log_norm_NL)
    square_NL = np.exp(2 * (log_norm_NL - peak_L))
    has_NL = ~np.isnan(square_NL)
    square_NL = np.where(has_NL, square_NL, 0.0)
    base_NL = np.where(has_NL, square_NL[:, :1], 0.0)
    return _Squares(
        peak_L=peak_L,
        sum_BL=_by_sequence(square_NL, sequence_N),
        base_BL=_by_sequence(base_NL, sequence_N),
        count_BL=_by_sequence(has_NL.astype(np.float64), sequence_N),
    )


def _log_median(squares: _Squares) -> DoubleArray:
    """Sequences that do not have a lag are left out; every lag is had by one at least."""
    log_mean_BL = np.log(squares.sum_BL / squares.count_BL)
    median = np.median if np.all(squares.count_BL > 0) else np.nanmedian
    result: DoubleArray = median(log_mean_BL, axis=0)
    return result


def _peaks(log_norm_NL: DoubleArray) -> DoubleArray:
    """Largest log by lag, 0 where all are exact zeros: what keeps the squares in range."""
    peak_L = np.max(np.where(np.isnan(log_norm_NL), -np.inf, log_norm_NL), axis=0)
    return np.where(np.isneginf(peak_L), 0.0, peak_L)


def _by_sequence(values_NL: DoubleArray, sequence_N: IntArray) -> DoubleArray:
    names, index_N = np.unique(sequence_N, return_inverse=True)
    sums_BL = np.zeros((names.size, values_NL.shape[1]))
    np.add.at(sums_BL, index_N, values_NL)
    return sums_BL


def _resamples(num_sequences: int, random: np.random.Generator) -> DoubleArray:
    draws = random.multinomial(
        num_sequences, np.full(num_sequences, 1 / num_sequences), size=NUM_RESAMPLES
    )
    return draws.astype(np.float64)


def _log_ratio(weights_RB: DoubleArray, squares: _Squares) -> DoubleArray:
    """Where nothing arrives at lag 0, nothing arrives further back: −inf, not 0 / 0."""
    sum_RL, base_RL = weights_RB @ squares.sum_BL, weights_RB @ squares.base_BL
    log_ratio_RL = 0.5 * np.log(sum_RL / base_RL) + (squares.peak_L - squares.peak_L[0])
    return np.where(base_RL > 0, log_ratio_RL, -np.inf)


def _first_below(log_ratio_RL: DoubleArray, threshold: float) -> IntArray:
    """Per row the first lag below the threshold, or the number of lags where there is none."""
    is_below_RL = log_ratio_RL < np.log(threshold)
    lag_R = np.where(is_below_RL.any(axis=1), is_below_RL.argmax(axis=1), log_ratio_RL.shape[1])
    first_R: IntArray = lag_R.astype(np.int32)
    return first_R


def _percentiles(values_R: DoubleArray) -> Interval:
    if not values_R.size:
        return 0.0, float("inf")
    low, high = np.percentile(values_R, (2.5, 97.5))
    return float(low), float(high)
