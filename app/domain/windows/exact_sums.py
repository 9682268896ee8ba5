"""Exact sums of single-precision numbers as integers, which do not depend on the order.

Legend: n values, k groups of values with one exponent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Sums are counted in units of 2 ** -173 and sums of squares in units of 2 ** -346. The least
#: positive float32 is 2 ** -149, and a significand has 24 bits.
UNIT_BITS = 173
_SIGNIFICAND_BITS = 24
_HALF_BITS = 12


@dataclass(frozen=True, kw_only=True)
class Significands:
    """Finite values as integers of 24 bits times powers of two, in the shape of the values."""

    #: The powers of two, in units.
    shift: NDArray[np.int32]
    #: The integers, and their squares in three parts, so that no sum of doubles is rounded.
    summands: tuple[NDArray[np.float64], ...]


def significands(values: NDArray[np.float32]) -> Significands:
    """Returns the parts of finite values, of which `combined_sums` makes sums."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    significand = fraction * 2.0**_SIGNIFICAND_BITS
    high, rest = np.divmod(np.abs(significand), 2.0**_HALF_BITS)
    return Significands(
        shift=exponent + (UNIT_BITS - _SIGNIFICAND_BITS),
        summands=(significand, high * high, high * rest, rest * rest),
    )


def combined_sums(low: int, sums: Sequence[NDArray[np.float64]]) -> tuple[int, int]:
    """Returns the sum and the sum of squares from those of the four summands.

    Each array holds the sums of the values of shift `low`, `low` + 1 and so on.
    """
    significant_k, high_k, mixed_k, rest_k = sums
    total, squares = 0, 0
    # a sum of squares is zero only where there is no value, or only zeros
    for k in np.flatnonzero((high_k != 0) | (rest_k != 0)).tolist():
        square = (int(high_k[k]) << (2 * _HALF_BITS)) + (int(mixed_k[k]) << (_HALF_BITS + 1))
        total += int(significant_k[k]) << (low + k)
        squares += (square + int(rest_k[k])) << (2 * (low + k))
    return total, squares


def exact_sums(values_n: NDArray[np.float32]) -> tuple[int, int]:
    """Returns the sum and the sum of squares of at most 2 ** 28 finite values, without rounding."""
    if not values_n.size:
        return 0, 0
    parts = significands(values_n)
    low = int(parts.shift.min())
    group_n = parts.shift - low
    sums = [np.bincount(group_n, weights=part).astype(np.float64) for part in parts.summands]
    return combined_sums(low, sums)


def exact_mean(total: int, count: int) -> float:
    """Returns `total` / `count`, rounded once. `count` is positive."""
    return total / (count << UNIT_BITS)
