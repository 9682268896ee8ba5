"""Root mean square over anchors of gradient norms by lag, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, Horizon, IntArray, LagRatio
from worker.replay.bootstrap import SquaresBySequence, resample

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
    #: Ends of the 95 % interval of the log ratio; infinite with a single sequence.
    log_low_L: DoubleArray
    log_high_L: DoubleArray
    #: Logarithm of the median over sequences of each one's RMS.
    log_median_L: DoubleArray
    num_anchors_L: IntArray
    #: Largest lag that enough anchors reach.
    last_lag: int

    def horizon(self, threshold: float) -> Horizon:
        """Largest lag before the first at which the ratio is below the threshold."""
        judged = slice(self.last_lag + 1)
        first_below = _first_below(self.log_ratio_L[judged], threshold)
        is_censored = first_below > self.last_lag
        ends = (
            _first_below(end_L[judged], threshold) for end_L in (self.log_low_L, self.log_high_L)
        )
        low, high = (float(max(end - 1, 0)) for end in ends)
        return Horizon(
            value=max(first_below - 1, 0),
            first_below=None if is_censored else first_below,
            censored=is_censored,
            threshold=threshold,
            interval=(low, high),
        )

    def ratio_at(self, lag: int) -> LagRatio | None:
        """None beyond the longest lag. The interval of a single sequence is (0, inf)."""
        if lag >= self.num_anchors_L.size or self.num_anchors_L[lag] == 0:
            return None
        logs = (self.log_ratio_L[lag], self.log_low_L[lag], self.log_high_L[lag])
        with np.errstate(over="ignore"):
            value, low, high = np.exp(logs).tolist()
        return LagRatio(lag=lag, value=value, interval=(low, high))


def summarise(
    log_norm_NL: DoubleArray, sequence_N: IntArray, random: np.random.Generator
) -> LagCurve:
    num_anchors_L = np.count_nonzero(~np.isnan(log_norm_NL), axis=0).astype(np.int32)
    covered_L = np.flatnonzero(num_anchors_L >= min(MIN_ANCHORS, log_norm_NL.shape[0]))
    squares = _sum_by_sequence(log_norm_NL, sequence_N)
    resampled = resample(squares, random) if squares.num_sequences > 1 else None
    unknown_L = np.full(log_norm_NL.shape[1], np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_L = squares.sum_BL.sum(axis=0) / squares.count_BL.sum(axis=0)
        return LagCurve(
            log_norm_L=squares.peak_L + 0.5 * np.log(mean_L),
            log_ratio_L=squares.log_ratio(np.ones((1, squares.num_sequences)))[0][0],
            log_ratio_RL=resampled.log_ratio_RL if resampled else None,
            log_low_L=resampled.low_L if resampled else -unknown_L,
            log_high_L=resampled.high_L if resampled else unknown_L,
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


def _sum_by_sequence(log_norm_NL: DoubleArray, sequence_N: IntArray) -> SquaresBySequence:
    peak_L = _peaks(log_norm_NL)
    square_NL = np.exp(2 * (log_norm_NL - peak_L))
    has_NL = ~np.isnan(square_NL)
    square_NL = np.where(has_NL, square_NL, 0.0)
    base_NL = np.where(has_NL, square_NL[:, :1], 0.0)
    return SquaresBySequence(
        peak_L=peak_L,
        sum_BL=_by_sequence(square_NL, sequence_N),
        base_BL=_by_sequence(base_NL, sequence_N),
        count_BL=_by_sequence(has_NL.astype(np.float64), sequence_N),
    )


def _log_median(squares: SquaresBySequence) -> DoubleArray:
    """Median by lag over the sequences that have the lag; at least one has each."""
    log_mean_BL = np.log(squares.sum_BL / squares.count_BL)
    median = np.median if np.all(squares.count_BL > 0) else np.nanmedian
    result: DoubleArray = median(log_mean_BL, axis=0)
    return result


def _peaks(log_norm_NL: DoubleArray) -> DoubleArray:
    """Largest logarithm by lag, which keeps the squares in range; 0 where all are exact zeros."""
    peak_L = np.max(np.where(np.isnan(log_norm_NL), -np.inf, log_norm_NL), axis=0)
    return np.where(np.isneginf(peak_L), 0.0, peak_L)


def _by_sequence(values_NL: DoubleArray, sequence_N: IntArray) -> DoubleArray:
    is_of_BN = np.unique(sequence_N)[:, None] == sequence_N
    sums_BL: DoubleArray = is_of_BN.astype(np.float64) @ values_NL
    return sums_BL


def _first_below(log_ratio_L: DoubleArray, threshold: float) -> int:
    """The first lag below the threshold, or the number of lags where there is none."""
    is_below_L = log_ratio_L < np.log(threshold)
    return int(is_below_L.argmax()) if is_below_L.any() else int(log_ratio_L.size)
