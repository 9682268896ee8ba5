"""Medians of series, which are robust to a few outliers.

Legend: n values, R windows of W values, B bins.
"""

from itertools import pairwise

import numpy as np

from app.domain.telemetry import DoubleArray, IntArray

#: Number of values for which `trailing_median` is computed once.
BLOCK = 20
#: Number of windows that are sorted at once, which limits the memory.
MAX_ROWS = 2000


def trailing_median(values_n: DoubleArray, *, history: int) -> DoubleArray:
    """Returns (n,) medians of the `history` values before each block; NaN if none is finite."""
    if not values_n.size:
        return values_n
    starts = np.arange(0, values_n.size, BLOCK)
    past = np.concatenate([np.full(history, np.inf), values_n])
    past[~np.isfinite(past)] = np.inf
    windows = np.lib.stride_tricks.sliding_window_view(past, history)
    medians = [
        _row_medians(windows[starts[first : first + MAX_ROWS]])
        for first in range(0, starts.size, MAX_ROWS)
    ]
    return np.repeat(np.concatenate(medians), BLOCK)[: values_n.size]


def block_medians(values_n: DoubleArray) -> DoubleArray:
    """Returns one median of the finite values for each `BLOCK` values; NaN if none is finite."""
    padded = np.full(-(-values_n.size // BLOCK) * BLOCK, np.inf)
    padded[: values_n.size] = np.where(np.isfinite(values_n), values_n, np.inf)
    rows = padded.reshape(-1, BLOCK)
    medians = [
        _row_medians(rows[first : first + MAX_ROWS]) for first in range(0, rows.shape[0], MAX_ROWS)
    ]
    return np.concatenate([np.empty(0), *medians])


def _row_medians(windows_RW: DoubleArray) -> DoubleArray:
    """Returns (R,) medians of the finite values of each row; all others must be +inf."""
    sorted_RW = np.sort(windows_RW, axis=1)
    num_finite_R = np.isfinite(sorted_RW).sum(axis=1)
    rows_R = np.arange(windows_RW.shape[0])
    low_R = sorted_RW[rows_R, np.maximum(num_finite_R - 1, 0) // 2]
    high_R = sorted_RW[rows_R, num_finite_R // 2]
    return np.where(num_finite_R > 0, (low_R + high_R) / 2, np.nan)


def finite_median(values_n: DoubleArray) -> float | None:
    """Returns the median of the finite values; None if there are none."""
    finite = values_n[np.isfinite(values_n)]
    return float(np.median(finite)) if finite.size else None


def medians_of_bins(values_n: DoubleArray, *, num_bins: int) -> tuple[DoubleArray, IntArray]:
    """Returns (B,) medians of equal stretches of at least one value, and where each begins."""
    edges = np.linspace(0, values_n.size, min(num_bins, values_n.size) + 1).astype(np.int32)
    medians_B = np.array([np.median(values_n[i:j]) for i, j in pairwise(edges)])
    return medians_B, edges[:-1]
