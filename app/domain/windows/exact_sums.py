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
#: A float32: its bits without the sign, those of the fraction, and how many those are.
_MAGNITUDE, _FRACTION, _FRACTION_BITS = 0x7FFF_FFFF, 0x007F_FFFF, 23
#: From the stored exponent, whose bias is 127, of an integer of 24 bits to its shift in units.
_SHIFT = UNIT_BITS - 127 - _FRACTION_BITS
#: Of the square of such an integer, which has 48 bits.
_HALF_BITS = 24
_LOWER_HALF = (1 << _HALF_BITS) - 1


@dataclass(frozen=True, kw_only=True)
class Significands:
    """Finite values as integers of 24 bits times powers of two, in the shape of the values."""

    #: The powers of two, in units.
    shift: NDArray[np.int32]
    #: The integers, and the upper and the lower half of their squares, so that no sum of doubles
    #: is rounded.
    summands: tuple[NDArray[np.float64], ...]


def significands(values: NDArray[np.float32]) -> Significands:
    """Returns the parts of finite values, of which `combined_sums` makes sums."""
    bits = values.view(np.int32)
    exponent = (bits & _MAGNITUDE) >> _FRACTION_BITS
    is_subnormal = exponent == 0
    magnitude = (bits & _FRACTION) | np.where(is_subnormal, 0, _FRACTION + 1)
    square = magnitude.astype(np.int64) ** 2
    return Significands(
        # subnormal numbers have the exponent of the least normal ones
        shift=exponent + is_subnormal + _SHIFT,
        summands=(
            np.copysign(magnitude, values, dtype=np.float64),
            (square >> _HALF_BITS).astype(np.float64),
            (square & _LOWER_HALF).astype(np.float64),
        ),
    )


def combined_sums(low: int, sums: Sequence[NDArray[np.float64]]) -> tuple[int, int]:
    """Returns the sum and the sum of squares from those of the three summands.

    Each array holds the sums of the values of shift `low`, `low` + 1 and so on.
    """
    significant_k, high_k, low_k = sums
    total, squares = 0, 0
    # a sum of squares is zero only where there is no value, or only zeros
    for k in np.flatnonzero((high_k != 0) | (low_k != 0)).tolist():
        square = (int(high_k[k]) << _HALF_BITS) + int(low_k[k])
        total += int(significant_k[k]) << (low + k)
        squares += square << (2 * (low + k))
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
