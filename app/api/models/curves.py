"""Curves of probes as rows of base-10 logarithms, with null where there is no number."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
Row = list[float | None]


def log10_row(log_norm_T: Curve, length: int) -> Row:
    """Converted from natural logarithms. Null where not finite, and past the end of the curve."""
    log10_T = log_norm_T / math.log(10)
    row: Row = log10_T.tolist()
    for index in np.nonzero(~np.isfinite(log10_T))[0]:
        row[index] = None
    return [*row, *[None] * (length - log10_T.size)]


def log10_rows(curves: Sequence[Curve | None], length: int) -> list[Row] | None:
    """One row per probe, all null where a probe has no curve. None if no probe has one."""
    if all(curve is None for curve in curves):
        return None
    return [[None] * length if curve is None else log10_row(curve, length) for curve in curves]


def count_rows(counts: Sequence[NDArray[np.int32]], length: int) -> list[list[int]]:
    """One row per probe, with zeros past the end of a shorter one."""
    return [np.pad(count_T, (0, length - count_T.size)).tolist() for count_T in counts]
