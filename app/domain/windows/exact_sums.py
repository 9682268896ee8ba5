"""Exact sums of single-precision numbers as integers, which do not depend on the order.

Legend: n values, k groups of values with one exponent.
"""

import numpy as np
from numpy.typing import NDArray

#: Sums are counted in units of 2 ** -173 and sums of squares in units of 2 ** -346. The least
#: positive float32 is 2 ** -149, and a significand has 24 bits.
UNIT_BITS = 173
_SIGNIFICAND_BITS = 24
_HALF_BITS = 12


def exact_sums(values_n: NDArray[np.float32]) -> tuple[int, int]:
    """Returns the sum and the sum of squares of at most 2 ** 28 finite values, without rounding."""
    if not values_n.size:
        return 0, 0
    fraction_n, exponent_n = np.frexp(values_n.astype(np.float64))
    significand_n = fraction_n * 2.0**_SIGNIFICAND_BITS
    shift_n = exponent_n + (UNIT_BITS - _SIGNIFICAND_BITS)
    low = int(shift_n.min())
    group_n = shift_n - low
    # squares in three parts, so that no sum of doubles is rounded
    high_n, rest_n = np.divmod(np.abs(significand_n), 2.0**_HALF_BITS)
    sum_k = np.bincount(group_n, weights=significand_n)
    high_k = np.bincount(group_n, weights=high_n * high_n)
    mixed_k = np.bincount(group_n, weights=high_n * rest_n)
    rest_k = np.bincount(group_n, weights=rest_n * rest_n)
    total, squares = 0, 0
    for k in np.unique(group_n).tolist():
        square = (int(high_k[k]) << (2 * _HALF_BITS)) + (int(mixed_k[k]) << (_HALF_BITS + 1))
        total += int(sum_k[k]) << (low + k)
        squares += (square + int(rest_k[k])) << (2 * (low + k))
    return total, squares


def exact_mean(total: int, count: int) -> float:
    """Returns `total` / `count`, rounded once. `count` is positive."""
    return total / (count << UNIT_BITS)
