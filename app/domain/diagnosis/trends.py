"""Medians of series, which are robust to a few outliers.

Legend: n values, m chosen ones, R windows of W values, B bins.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray, FloatArray, IntArray

Numbers = DoubleArray | FloatArray

#: Number of successive values that share a median of those before them.
BLOCK = 20
#: Number of windows that are sorted at once, which limits the memory.
MAX_ROWS = 2000


def medians_before(values_n: Numbers, blocks_R: NDArray[np.intp], *, history: int) -> DoubleArray:
    """Returns (R,) medians of the finite `history` values before each of these blocks.

    NaN if none is finite.
    """
    places_RW = blocks_R[:, None] * BLOCK + np.arange(-history, 0)
    windows_RW = values_n[np.maximum(places_RW, 0)]
    windows_RW[(places_RW < 0) | ~np.isfinite(windows_RW)] = np.inf
    return _row_medians(windows_RW)


def is_above_usual(
    values_n: Numbers, is_asked_B: NDArray[np.bool_] | None = None, *, factor: float, history: int
) -> NDArray[np.bool_]:
    """Returns (n,) whether a value is above `factor` |median of the `history` values before|.

    The median is that before the block of the value; `history` is a multiple of `BLOCK`. Blocks
    that are not asked about are not above. A median is computed only where the largest value of the
    block exceeds `factor` times the smallest before it, which in most runs is nowhere.
    """
    is_above_n = np.zeros(values_n.size, dtype=np.bool_)
    if not values_n.size:
        return is_above_n
    is_possible_B = _largest_of_blocks(values_n) > factor * _least_before(values_n, history)
    if is_asked_B is not None:
        is_possible_B &= is_asked_B
    blocks_B = np.flatnonzero(is_possible_B)
    for first in range(0, blocks_B.size, MAX_ROWS):
        blocks_R = blocks_B[first : first + MAX_ROWS]
        limits_R = factor * np.abs(medians_before(values_n, blocks_R, history=history))
        places_m = (blocks_R[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        is_there_m = places_m < values_n.size
        places_m = places_m[is_there_m]
        is_above_n[places_m] = values_n[places_m] > np.repeat(limits_R, BLOCK)[is_there_m]
    return is_above_n


def _largest_of_blocks(values_n: Numbers) -> DoubleArray:
    """Returns (B,) maxima; NaN if all are."""
    starts_B = np.arange(0, values_n.size, BLOCK)
    return np.asarray(np.fmax.reduceat(values_n, starts_B), dtype=np.float64)


def _least_before(values_n: Numbers, history: int) -> DoubleArray:
    """Returns (B,) lower bounds of the absolute median of the `history` values before a block."""
    num_blocks = history // BLOCK
    starts_B = np.arange(0, values_n.size, BLOCK)
    least_B = np.array(np.fmin.reduceat(values_n, starts_B), dtype=np.float64)
    least_B[np.isnan(least_B)] = np.inf
    past_B = np.concatenate([np.full(num_blocks, np.inf), least_B[:-1]])
    least_before_B: DoubleArray = np.lib.stride_tricks.sliding_window_view(past_B, num_blocks).min(
        axis=1
    )
    return np.asarray(np.maximum(least_before_B, 0))


def block_medians(values_n: Numbers) -> DoubleArray:
    """Returns one median of the finite values for each `BLOCK` values; NaN if none is finite."""
    length = MAX_ROWS * BLOCK
    parts = (values_n[first : first + length] for first in range(0, values_n.size, length))
    return np.concatenate([np.empty(0), *map(_medians_of_part, parts)])


def _medians_of_part(values_n: Numbers) -> DoubleArray:
    padded_n = np.full(-(-values_n.size // BLOCK) * BLOCK, np.inf, dtype=values_n.dtype)
    padded_n[: values_n.size] = np.where(np.isfinite(values_n), values_n, np.inf)
    return _row_medians(padded_n.reshape(-1, BLOCK))


def _row_medians(windows_RW: Numbers) -> DoubleArray:
    """Returns (R,) medians of the finite values of each row; all others must be +inf."""
    sorted_RW = np.sort(windows_RW, axis=1)
    num_finite_R = np.isfinite(sorted_RW).sum(axis=1)
    rows_R = np.arange(windows_RW.shape[0])
    low_R = sorted_RW[rows_R, np.maximum(num_finite_R - 1, 0) // 2].astype(np.float64)
    high_R = sorted_RW[rows_R, num_finite_R // 2].astype(np.float64)
    return np.where(num_finite_R > 0, (low_R + high_R) / 2, np.nan)


def finite_median(values_n: Numbers) -> float | None:
    """Returns the median of the finite values; None if there are none."""
    finite_m = values_n[np.isfinite(values_n)]
    if not finite_m.size:
        return None
    low, high = (finite_m.size - 1) // 2, finite_m.size // 2
    # it is a copy already, and half as large in float32
    finite_m.partition((low, high))
    return float(finite_m[low : high + 1].astype(np.float64).mean())


def medians_of_bins(values_n: Numbers, *, num_bins: int) -> tuple[DoubleArray, IntArray]:
    """Returns (B,) medians of equal stretches of at least one value, and where each begins."""
    edges = np.linspace(0, values_n.size, min(num_bins, values_n.size) + 1).astype(np.int32)
    medians_B = np.array([np.median(values_n[i:j].astype(np.float64)) for i, j in pairwise(edges)])
    return medians_B, edges[:-1]
