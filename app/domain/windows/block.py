"""Summaries of many series at once, each the same to the bit as that of `summarise`.

Legend: n steps of one window, S series, k groups of values with one exponent.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from app.domain.windows.exact_sums import combined_sums, significands
from app.domain.windows.histogram import Histogram, bins_of
from app.domain.windows.window import (
    ALL_FINITE,
    FloatArray,
    IntArray,
    Point,
    Window,
    summarise,
)


def summarise_all(steps_n: IntArray, values_Sn: FloatArray) -> list[Window]:
    """Returns the summary of each series of (S, n) values. Steps ascend and differ."""
    is_finite_S = np.all(np.isfinite(values_Sn), axis=1)
    finite = iter([*_summarise_finite(steps_n, values_Sn[is_finite_S])])
    return [
        next(finite) if is_finite else summarise(steps_n, values_n)
        for is_finite, values_n in zip(is_finite_S.tolist(), values_Sn, strict=True)
    ]


def _summarise_finite(steps_n: IntArray, values_Sn: FloatArray) -> Iterator[Window]:
    least_S, greatest_S = values_Sn.argmin(axis=1), values_Sn.argmax(axis=1)
    sums, histograms = _exact_sums(values_Sn), _histograms(values_Sn)
    for number, values_n in enumerate(values_Sn):
        ends = (0, values_n.size - 1, least_S[number], greatest_S[number])
        first, last, least, greatest = (
            Point(step=int(steps_n[place]), value=float(values_n[place])) for place in ends
        )
        total, squares = sums[number]
        yield Window(
            count=values_n.size,
            first=first,
            last=last,
            least=least,
            greatest=greatest,
            total=total,
            squares=squares,
            non_finite=ALL_FINITE,
            histogram=histograms[number],
        )


def _exact_sums(values_Sn: FloatArray) -> Sequence[tuple[int, int]]:
    """Returns the sum and the sum of squares of each series, in units of `exact_sums`."""
    parts = significands(values_Sn)
    low_S = parts.shift.min(axis=1)
    group_Sn = parts.shift - low_S[:, None]
    num_groups = int(group_Sn.max(initial=0)) + 1
    # each series has groups of its own
    group_Sn += num_groups * np.arange(len(values_Sn))[:, None]
    shape = (len(values_Sn), num_groups)
    sums = [
        np.bincount(group_Sn.ravel(), weights=part.ravel(), minlength=shape[0] * shape[1]).reshape(
            shape
        )
        for part in parts.summands
    ]
    return [
        combined_sums(int(low), [sum_Sk[number] for sum_Sk in sums])
        for number, low in enumerate(low_S)
    ]


def _histograms(values_Sn: FloatArray) -> Sequence[Histogram]:
    sorted_Sn = np.sort(bins_of(values_Sn), axis=1)
    num_series, n = sorted_Sn.shape
    is_first_Sn = np.empty(sorted_Sn.shape, dtype=bool)
    is_first_Sn[:, :1] = True
    np.not_equal(sorted_Sn[:, 1:], sorted_Sn[:, :-1], out=is_first_Sn[:, 1:])
    starts = np.flatnonzero(is_first_Sn)
    bins = sorted_Sn.ravel()[starts]
    counts = np.diff(starts, append=sorted_Sn.size)
    ends = np.searchsorted(starts, np.arange(num_series + 1) * n).tolist()
    return [
        Histogram(bins_b=bins[start:stop], counts_b=counts[start:stop])
        for start, stop in pairwise(ends)
    ]
