"""Counts the distinct numbers of a column, and the rows of the most frequent one.

Shapes: N rows.
"""

import numpy as np
from numpy.typing import NDArray

#: Most flags for a row with which distinct whole numbers are counted; sorting them is slower.
MAX_FLAGS_PER_ROW = 4
FLAGGED_ROWS = 2**18
#: Widest range of whole numbers in which the rows of each are counted; it bounds the memory.
MAX_COUNTED_SPAN = 2**20


def num_distinct(stored_N: NDArray[np.integer | np.floating]) -> int:
    """Counts distinct numbers; -0.0 and 0.0 are one."""
    if not stored_N.size:
        return 0
    if stored_N.dtype.kind == "i":
        least = int(stored_N.min())
        span = int(stored_N.max()) - least + 1
        if span <= MAX_FLAGS_PER_ROW * stored_N.size:
            is_there = np.zeros(span, dtype=np.bool_)
            for start in range(0, stored_N.size, FLAGGED_ROWS):
                is_there[stored_N[start : start + FLAGGED_ROWS].astype(np.int64) - least] = True
            return int(is_there.sum())
    # sorted, because the hashes of `np.unique` are slow for rising numbers
    sorted_N = np.sort(stored_N)
    return 1 + int(np.count_nonzero(sorted_N[1:] != sorted_N[:-1]))


def most_frequent(stored_N: NDArray[np.integer | np.floating]) -> int | None:
    """Returns the number of rows of the most frequent whole number.

    Returns None without rows, for fractions, and where the numbers lie too far apart to count.
    """
    if not stored_N.size or stored_N.dtype.kind != "i":
        return None
    least = int(stored_N.min())
    span = int(stored_N.max()) - least + 1
    if span > MAX_COUNTED_SPAN:
        return None
    counts = np.zeros(span, dtype=np.int64)
    for start in range(0, stored_N.size, FLAGGED_ROWS):
        rows_n = stored_N[start : start + FLAGGED_ROWS].astype(np.int64) - least
        counts += np.bincount(rows_n, minlength=span)
    return int(counts.max())
