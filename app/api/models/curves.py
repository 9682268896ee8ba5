"""Curves of probes as rows of base-10 logarithms, with null where there is no number.

Legend: T lags or timesteps, C columns of a row.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.probe_selection import ProbeSelection
from app.store.probe_steps import MAX_COLUMNS

Curve = NDArray[np.float64]
Row = list[float | None]


def columns_of(length: int) -> list[int]:
    """The lags or timesteps that rows have: all, or of many `MAX_COLUMNS` evenly spaced ones."""
    return ProbeSelection(max_probes=MAX_COLUMNS).positions(length)


def log10_row(log_norm_T: Curve, columns: Sequence[int]) -> Row:
    """Converted from natural logarithms. Null where not finite, and past the end of the curve."""
    there = [column for column in columns if column < log_norm_T.size]
    log10_C = log_norm_T[there] / math.log(10)
    row: Row = log10_C.tolist()
    for index in np.nonzero(~np.isfinite(log10_C))[0]:
        row[index] = None
    return [*row, *[None] * (len(columns) - len(there))]


def log10_rows(curves: Sequence[Curve | None], columns: Sequence[int]) -> list[Row] | None:
    """One row per probe, all null where a probe has no curve. None if no probe has one."""
    if all(curve is None for curve in curves):
        return None
    empty: Row = [None] * len(columns)
    return [empty if curve is None else log10_row(curve, columns) for curve in curves]


def count_rows(counts: Sequence[NDArray[np.int32]], columns: Sequence[int]) -> list[list[int]]:
    """One row per probe, with zeros past the end of a shorter one."""
    length = max(columns, default=-1) + 1
    padded = (np.pad(count_T[:length], (0, max(0, length - count_T.size))) for count_T in counts)
    return [count_T[list(columns)].tolist() for count_T in padded]
