"""The period of a series, in timesteps.

A slow drift, for instance of a year, hides a short season in the autocorrelation. So moving
averages are subtracted, from narrow ones to wide ones, and the first period that the remainder
shows is taken.

Shapes: n timesteps of a series, L lags.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray

#: Timesteps of the moving averages.
WIDTHS = (15, 45, 135, 405, 1215, 3645)
#: A series has at least so many times the width of its moving averages.
MIN_WIDTHS = 4
#: Last timesteps of a series in which a season is searched.
MAX_SAMPLE = 20_000
#: Fewest timesteps in which a season is searched.
MIN_SAMPLE = 32
#: Smallest autocorrelation at a season.
MIN_CORRELATION = 0.3
#: Smallest autocorrelation at twice the season, relative to that at the season. A random walk often
#: has one high lag by chance, and seldom two.
MIN_REPEATED = 0.5
#: Standard errors by which the autocorrelation exceeds 0 (Bartlett 1946, as in the seasonality test
#: of the M4 competition). In 200 series each of white noise, autoregressions of 0.5 and 0.9, and
#: random walks, of 40 to 2,000 timesteps, a season was found in at most 2.5 %.
MIN_STANDARD_ERRORS = 4.5
#: The same for a period that the calendar lets expect: one lag is tested, and not all.
MIN_ERRORS_OF_EXPECTED = 2.0
#: Seconds between rows -> periods that the calendar lets expect, in rows.
EXPECTED = (
    ((60, 60), (60, 1440)),
    ((300, 300), (288,)),
    ((600, 600), (144,)),
    ((900, 900), (96,)),
    ((1800, 1800), (48,)),
    ((3600, 3600), (24, 168)),
    ((86_400, 86_400), (7, 5)),
    ((604_800, 604_800), (52,)),
    ((28 * 86_400, 31 * 86_400), (12,)),
    ((89 * 86_400, 92 * 86_400), (4,)),
)
#: Share of the highest peak at which an earlier one is the season: the highest is a multiple then.
AS_GOOD_AS_PEAK = 0.8
#: Largest remainder by round-off, relative to the largest value of the series.
ROUND_OFF = 1e-9


def expected_seasons(step_s: float) -> tuple[int, ...]:
    """Returns periods that the calendar lets expect of rows with so many seconds between them."""
    found = (periods for (least, most), periods in EXPECTED if least <= step_s <= most)
    return next(found, ())


def find_season(series: Sequence[DoubleArray], expected: Sequence[int] = ()) -> int | None:
    """Returns the period that series of one kind share; None if there is none.

    `series` are (n,) arrays in time order, NaN where missing. Less is asked of an expected period.
    """
    usable = [one for one in map(_whole, series) if one is not None]
    if not usable:
        return None
    shortest = min(len(one) for one in usable)
    for width in (*(width for width in WIDTHS if MIN_WIDTHS * width <= shortest), None):
        remainders = [each for one in usable for each in _remainder(one, width)]
        if remainders and (season := _period(remainders, expected)) is not None:
            return season
    return None


def _whole(series_n: DoubleArray) -> DoubleArray | None:
    """Returns the last timesteps between -1 and 1, gaps filled in linearly; None if too few."""
    recent_n = series_n[-MAX_SAMPLE:]
    known_k = np.flatnonzero(np.isfinite(recent_n))
    if len(known_k) < MIN_SAMPLE or 2 * len(known_k) < len(recent_n):
        return None
    filled_n = np.interp(np.arange(len(recent_n)), known_k, recent_n[known_k])
    largest = float(np.abs(filled_n).max())
    return filled_n / largest if largest else None


def _remainder(series_n: DoubleArray, width: int | None) -> Iterator[DoubleArray]:
    """Yields the series without its straight line and moving average; nothing if that is all."""
    time_n = np.linspace(-1, 1, len(series_n))
    rest_n = series_n - np.polynomial.Polynomial.fit(time_n, series_n, 1)(time_n)
    if width is not None:
        total_n = np.cumsum(np.concatenate([[0.0], rest_n]))
        half = width // 2
        rest_n = rest_n[half : len(rest_n) - half] - (total_n[width:] - total_n[:-width]) / width
    rest_n = rest_n - rest_n.mean()
    if np.abs(rest_n).max() > ROUND_OFF:
        yield rest_n / rest_n.std()


def _period(remainders: Sequence[DoubleArray], expected: Sequence[int]) -> int | None:
    correlation_L = _autocorrelation(remainders)
    (negative,) = np.nonzero(correlation_L < 0)
    if not negative.size:
        return None
    zero, last = int(negative[0]), len(correlation_L) // 2
    # series of one file have much in common, so that two tell less than twice as much as one
    size = max(len(one) for one in remainders) * np.sqrt(len(remainders))
    error = float(np.sqrt((1 + 2 * np.square(correlation_L[1:zero]).sum()) / size))
    period = _highest(correlation_L, zero, last)
    if correlation_L[period] >= max(MIN_CORRELATION, MIN_STANDARD_ERRORS * error):
        return _refined(correlation_L, period) if _is_repeated(correlation_L, period) else None
    least = max(MIN_CORRELATION, MIN_ERRORS_OF_EXPECTED * error)
    for season in expected:
        if zero <= season <= last and correlation_L[season] >= least:
            within = max(1, season // 4)
            is_peak = _peak_near(correlation_L, season, within=within)[0] == season
            if is_peak and _is_repeated(correlation_L, season):
                return season
    return None


def _highest(correlation_L: DoubleArray, zero: int, last: int) -> int:
    """Returns the lag of the first peak that is about as high as the highest one."""
    peak = correlation_L[zero : last + 1].max(initial=0.0)
    (high,) = np.nonzero(correlation_L[zero : last + 1] >= AS_GOOD_AS_PEAK * peak)
    if not high.size:
        return zero
    first, num_lags = zero + int(high[0]), 1 + int(np.argmin(np.diff(high, append=-1) == 1))
    return first + int(np.argmax(correlation_L[first : first + num_lags]))


def _is_repeated(correlation_L: DoubleArray, period: int) -> bool:
    """Returns whether the autocorrelation is high again at twice the period, and low between."""
    _, again = _peak_near(correlation_L, 2 * period, within=period // 4)
    between = correlation_L[period + period // 2]
    return bool(again >= MIN_REPEATED * correlation_L[period] and between < again)


def _refined(correlation_L: DoubleArray, period: int) -> int:
    """Returns the period by its multiples: the second and third tell its fraction too."""
    exact = float(period)
    for multiple in (2, 3):
        lag = round(multiple * exact)
        within = max(1, period // 4)
        if lag + within < len(correlation_L):
            exact = _peak_near(correlation_L, lag, within=within)[0] / multiple
    return round(exact)


def _peak_near(correlation_L: DoubleArray, lag: int, *, within: int) -> tuple[int, float]:
    """Returns the lag of the highest autocorrelation not farther away, and its value."""
    first = lag - within
    around_L = correlation_L[first : lag + within + 1]
    return first + int(np.argmax(around_L)), float(around_L.max())


def _autocorrelation(remainders: Sequence[DoubleArray]) -> DoubleArray:
    """Returns (L,) unbiased, over all series, for lags up to two thirds of the longest."""
    size = max(len(one) for one in remainders)
    padded = 1 << int(np.ceil(np.log2(2 * size)))
    spectrum = sum(np.abs(np.fft.rfft(one, padded)) ** 2 for one in remainders)
    num_lags = 2 * size // 3 + 1
    lags_L: NDArray[np.int64] = np.arange(num_lags)
    pairs_L = sum(np.maximum(len(one) - lags_L, 0) for one in remainders)
    correlation_L: DoubleArray = np.fft.irfft(spectrum, padded)[:num_lags] / pairs_L
    correlation_L /= correlation_L[0]
    return correlation_L
