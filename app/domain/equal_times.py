"""Rows of a forecast's series with the same time: refused, or made one row.

Shapes: N rows of the file, n rows of a series, m times, F columns.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.table_arrays import ordered_rows
from app.domain.tables import Table
from app.domain.telemetry import DoubleArray, IntArray


def rows_of_times(spec: ForecastSpec, table: Table, values_NF: DoubleArray) -> list[IntArray]:
    """Returns the rows of each series, one of each time.

    Where the spec asks for means, the row that is kept gets them in `values_NF`. Raises InvalidData
    for equal times that the spec refuses.
    """
    refuses = spec.equal_times == "refuse"
    parts = ordered_rows(table, group=spec.series_column, by=spec.time_column, refuses_ties=refuses)
    if refuses or spec.time_column is None:
        return parts
    kept: list[IntArray] = []
    for rows_n in parts:
        first = _first_of_ties(table, spec.time_column, rows_n)
        if spec.equal_times == "mean" and first.size < rows_n.size:
            values_NF[rows_n[first]] = _mean_of_ties(values_NF[rows_n], first)
        kept.append(rows_n[first])
    return kept


def _first_of_ties(table: Table, by: str, rows_n: IntArray) -> NDArray[np.intp]:
    """Returns the positions, among the ordered rows of a group, at which another time begins."""
    values_n = table.column(by).numbers.stored_N[rows_n]
    return np.flatnonzero(np.append(True, values_n[1:] != values_n[:-1]))


def _mean_of_ties(values_nF: DoubleArray, starts: NDArray[np.intp]) -> DoubleArray:
    """Returns the mean of the values that are not missing, of the rows from each start on."""
    is_known_nF = ~np.isnan(values_nF)
    count_mF = np.add.reduceat(is_known_nF, starts, axis=0, dtype=np.float64)
    with np.errstate(over="ignore"):  # what becomes infinite is refused when it is scaled
        sum_mF = np.add.reduceat(np.where(is_known_nF, values_nF, 0.0), starts, axis=0)
    mean_mF: DoubleArray = np.where(count_mF > 0, sum_mF / np.maximum(count_mF, 1), np.nan)
    return mean_mF
