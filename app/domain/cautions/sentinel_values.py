"""Finds numbers that stand for no value: -999 among temperatures.

Such a number is repeated exactly and lies beyond a gap, below or above all the other values.
Shapes: n values.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray

#: Rows that have a number which is known as a sentinel: only nines, -200, ends of whole numbers.
MIN_KNOWN_ROWS = 3
#: Rows that have any other number.
MIN_OTHER_ROWS = 5
#: Width of the gap in units of the range of the other values, for a number that is known.
MIN_KNOWN_GAP = 0.3
#: The same for any other number.
MIN_OTHER_GAP = 3.0
#: How many times smaller gaps are enough for a number below 0 where all others are above.
OTHER_SIGN = 3.0
#: Different values beside it, for a number that is known.
MIN_KNOWN_DISTINCT = 3
#: The same for any other number. Fewer are levels, of which one may be far from the others.
MIN_OTHER_DISTINCT = 10
#: Fewest values beside it.
MIN_REST = 10
#: Most sentinels of one column.
MOST = 4
_NINES = re.compile(r"-?9{2,}(\.9+)?$")
_KNOWN = {-200.0, -32768.0, 32767.0, 65535.0, -(2.0**31), 2.0**31 - 1, 1e20, -1e20, 1e30, -1e30}


def sentinel_values(sorted_n: DoubleArray) -> tuple[float, ...]:
    """Returns the sentinels among ascending values, in the order in which they were found."""
    first, end = 0, sorted_n.size
    found: list[float] = []
    while len(found) < MOST and end - first > MIN_REST:
        peeled = next(_peeled(sorted_n[first:end]), None)
        if peeled is None:
            break
        is_least, value, count = peeled
        first, end = (first + count, end) if is_least else (first, end - count)
        found.append(value)
    return tuple(found)


def is_known(value: float) -> bool:
    """Whether a number is often written where there is no value."""
    return value in _KNOWN or _NINES.match(f"{value:.10g}") is not None


def _peeled(sorted_n: DoubleArray) -> Iterator[tuple[bool, float, int]]:
    """Yields whether it is the least, the value and its count for a sentinel at either end."""
    for is_least in (True, False):
        value = float(sorted_n[0] if is_least else sorted_n[-1])
        if value in {0.0, 1.0}:  # zeros have a caution of their own, and 1 is the end of shares
            continue
        count = _count(sorted_n, value, is_least=is_least)
        if count < MIN_KNOWN_ROWS or sorted_n.size - count < MIN_REST:
            continue
        rest_n = sorted_n[count:] if is_least else sorted_n[:-count]
        if _is_apart(value, count, rest_n, gap=float(abs(rest_n[0 if is_least else -1] - value))):
            yield is_least, value, count


def _count(sorted_n: DoubleArray, value: float, *, is_least: bool) -> int:
    if is_least:
        return int(np.searchsorted(sorted_n, value, side="right"))
    return sorted_n.size - int(np.searchsorted(sorted_n, value, side="left"))


def _is_apart(value: float, count: int, rest_n: DoubleArray, *, gap: float) -> bool:
    width = float(rest_n[-1] - rest_n[0])
    known = is_known(value)
    min_gap = MIN_KNOWN_GAP if known else MIN_OTHER_GAP
    min_rows = MIN_KNOWN_ROWS if known else MIN_OTHER_ROWS
    if value < 0 <= rest_n[0]:
        min_gap /= OTHER_SIGN
    if count < min_rows or not gap >= min_gap * width:
        return False
    return _has_distinct(rest_n, MIN_KNOWN_DISTINCT if known else MIN_OTHER_DISTINCT)


def _has_distinct(rest_n: NDArray[np.float64], least: int) -> bool:
    return 1 + int(np.count_nonzero(rest_n[1:] != rest_n[:-1])) >= least
