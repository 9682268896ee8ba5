"""Numbers as whole numbers over a power of ten: exact, and in as few bytes as they need.

Legend: N values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Powers of ten that are tried, from the smallest. All are doubles without an error.
SCALES = tuple(10**digits for digits in range(7))
#: Whole numbers up to here are doubles without an error.
MAX_EXACT = 2**53
#: Values that are tried before all of them are.
SAMPLE = 256
_WHOLE_TYPES = (np.int8, np.int16, np.int32, np.int64)


@dataclass(frozen=True, kw_only=True)
class Compact:
    """(N,) numbers, each `stored_N / scale`, bit for bit the double that was given."""

    stored_N: NDArray[np.integer | np.floating]
    scale: int = 1

    def values(self) -> NDArray[np.float64]:
        values_N = self.stored_N.astype(np.float64)
        return values_N if self.scale == 1 else values_N / self.scale


def compact(values_N: NDArray[np.float64]) -> Compact:
    """Stores finite doubles as whole numbers where a scale gives each of them back exactly."""
    for scale in SCALES:
        if _whole(values_N[:SAMPLE], scale) is not None:
            whole_N = _whole(values_N, scale)
            if whole_N is not None:
                return Compact(stored_N=shrink(whole_N), scale=scale)
    return Compact(stored_N=values_N)


def join(parts: Sequence[Compact]) -> Compact:
    """Returns the parts end to end under one scale."""
    if len(parts) == 1:
        return parts[0]
    if any(part.stored_N.dtype.kind == "f" for part in parts):
        return Compact(stored_N=np.concatenate([part.values() for part in parts]))
    scale = max(part.scale for part in parts)
    if scale == 1:
        return Compact(stored_N=np.concatenate([part.stored_N for part in parts]))
    if any(_largest(part.stored_N) * (scale // part.scale) > MAX_EXACT for part in parts):
        return Compact(stored_N=np.concatenate([part.values() for part in parts]))
    raised = [
        part.stored_N
        if part.scale == scale
        else shrink(part.stored_N.astype(np.int64) * (scale // part.scale))
        for part in parts
    ]
    return Compact(stored_N=np.concatenate(raised), scale=scale)


def shrink(whole_N: NDArray[np.integer]) -> NDArray[np.integer]:
    """Returns whole numbers in the smallest signed type that holds all of them."""
    least, greatest = (int(whole_N.min()), int(whole_N.max())) if whole_N.size else (0, 0)
    fitting = (
        each
        for each in _WHOLE_TYPES
        if np.iinfo(each).min <= least and greatest <= np.iinfo(each).max
    )
    return whole_N.astype(next(fitting))


def _largest(stored_N: NDArray[np.integer | np.floating]) -> int:
    return max(abs(int(stored_N.min())), abs(int(stored_N.max()))) if stored_N.size else 0


def _whole(values_N: NDArray[np.float64], scale: int) -> NDArray[np.int64] | None:
    """Returns the values times the scale; None unless division gives back the same bits."""
    with np.errstate(over="ignore"):
        scaled_N = np.rint(values_N * scale)
    if scaled_N.size and not np.abs(scaled_N).max() <= MAX_EXACT:
        return None
    whole_N = scaled_N.astype(np.int64)
    restored_N = whole_N / scale
    is_same = np.array_equal(restored_N.view(np.int64), values_N.view(np.int64))
    return whole_N if is_same else None
