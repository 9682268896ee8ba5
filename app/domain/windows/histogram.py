"""A histogram with fixed bins, 64 in each power of two, of the values that are finite.

The bins are the same for every series, so that merged histograms are exact. A bin is told by the
leading bits of a number, without a logarithm whose last bit depends on the machine. As in DDSketch
(Masson et al. 2019) and HdrHistogram, a percentile has a bounded relative error.

Legend: n values, b bins that hold a value, q percentiles, h histograms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Bits of the significand that tell bins of one power of two apart.
_BIN_BITS = 6
#: Bits of a double that a bin leaves out.
_REST_BITS = 52 - _BIN_BITS
#: Largest relative difference between a value and the representative of its bin. A bin from 1 to
#: 1 + w is represented by its harmonic mean, which is w / (2 + w) from both ends.
PERCENTILE_ERROR = 1 / (2 * 2**_BIN_BITS + 1)


def _leading_bits(value: float) -> int:
    return int(np.float64(value).view(np.int64)) >> _REST_BITS


#: The bin of the least positive float32 is 1.
_OFFSET = _leading_bits(2.0**-149) - 1


#: The bits of a single-precision number without its sign, and of the least one with 24 of them.
_MAGNITUDE, _LEAST_NORMAL = 0x7FFF_FFFF, 0x0080_0000
#: Bits of such a number that a bin leaves out; what to add to the others for the bin.
_SINGLE_REST_BITS = 23 - _BIN_BITS
_SINGLE_OFFSET = ((1023 - 127) << _BIN_BITS) - _OFFSET


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """The number of values in each bin. Bin 0 holds zeros, and bin -i the negatives of bin i."""

    #: (b,) ascending, and so are the values in them.
    bins_b: NDArray[np.int16]
    #: (b,) positive.
    counts_b: NDArray[np.int64]


def histogram_of(values_n: NDArray[np.float32]) -> Histogram:
    """Returns the histogram of finite values."""
    bins_b, counts_b = np.unique(bins_of(values_n), return_counts=True)
    return Histogram(bins_b=bins_b, counts_b=counts_b.astype(np.int64))


def bins_of(values: NDArray[np.float32]) -> NDArray[np.int16]:
    """Returns the bin of each finite value, in the shape of the values."""
    magnitude = values.view(np.int32) & _MAGNITUDE
    if ((magnitude > 0) & (magnitude < _LEAST_NORMAL)).any():
        # as doubles, all have an exponent
        leading = np.abs(values.astype(np.float64)).view(np.int64) >> _REST_BITS
        size = np.where(leading == 0, 0, leading - _OFFSET).astype(np.int16)
    else:
        size = ((magnitude >> _SINGLE_REST_BITS) + _SINGLE_OFFSET).astype(np.int16)
        size[magnitude == 0] = 0
    return np.where(values < 0, -size, size)


def merge_histograms(histograms: Sequence[Histogram]) -> Histogram:
    """Returns the histogram of all values of one or more histograms."""
    bins_b, place_n = np.unique(
        np.concatenate([one.bins_b for one in histograms]), return_inverse=True
    )
    counts_b = np.zeros(bins_b.size, dtype=np.int64)
    np.add.at(counts_b, place_n, np.concatenate([one.counts_b for one in histograms]))
    return Histogram(bins_b=bins_b, counts_b=counts_b)


def percentiles(histogram: Histogram, percents: Sequence[float]) -> NDArray[np.float64]:
    """(q,) percentiles of at least one value, each with a relative error of `PERCENTILE_ERROR`.

    As in numpy, a percentile between two values is interpolated. Its error is relative to the
    larger of the two magnitudes, which differ from the percentile only if their signs differ.
    """
    upto_b = np.cumsum(histogram.counts_b)
    rank_q = np.asarray(percents, dtype=np.float64) / 100 * (int(upto_b[-1]) - 1)
    below_q = np.floor(rank_q)
    last = upto_b.size - 1
    low = np.searchsorted(upto_b, below_q, side="right")
    high = np.minimum(np.searchsorted(upto_b, below_q + 1, side="right"), last)
    low_q, high_q = _representatives(histogram.bins_b[np.array([low, high])])
    between_q: NDArray[np.float64] = low_q + (rank_q - below_q) * (high_q - low_q)
    return between_q


def medians(histograms: Sequence[Histogram]) -> NDArray[np.float64]:
    """Returns the 50th percentile of each histogram, as `percentiles` does, in one computation.

    Each histogram holds at least one value, and there is at least one.
    """
    bins = np.concatenate([one.bins_b for one in histograms])
    upto = np.cumsum(np.concatenate([one.counts_b for one in histograms]))
    last_h = np.cumsum([one.bins_b.size for one in histograms]) - 1
    # values of all histograms before each one
    before_h = np.concatenate([[0], upto[last_h[:-1]]])
    rank_h = (upto[last_h] - before_h - 1) / 2
    below_h = np.floor(rank_h)
    low_h = np.searchsorted(upto, before_h + below_h, side="right")
    high_h = np.searchsorted(upto, before_h + below_h + 1, side="right")
    low_value_h, high_value_h = _representatives(
        bins[np.array([low_h, np.minimum(high_h, last_h)])]
    )
    middle_h: NDArray[np.float64] = low_value_h + (rank_h - below_h) * (high_value_h - low_value_h)
    return middle_h


def _representatives(bins_b: NDArray[np.int16]) -> NDArray[np.float64]:
    """Returns the harmonic mean of the ends of each bin, with its sign; 0 for bin 0."""
    size_b = np.abs(bins_b.astype(np.int64))
    first_b = ((size_b + _OFFSET) << _REST_BITS).view(np.float64)
    end_b = ((size_b + _OFFSET + 1) << _REST_BITS).view(np.float64)
    mean_b = 2 * first_b * (end_b / (first_b + end_b))
    return np.where(bins_b == 0, 0.0, np.sign(bins_b) * mean_b)
