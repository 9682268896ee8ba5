"""Columns of an upload as arrays. Raises InvalidData that names the cell that cannot be used.

Shapes: N rows of the file, C columns. The header is row 1.
"""

from collections.abc import Sequence

import numpy as np

from app.domain.csv_cells import number
from app.domain.csv_rows import FIRST_ROW
from app.domain.datasets import Column, ColumnType, Table
from app.domain.errors import InvalidData, Problem
from app.domain.telemetry import DoubleArray, IntArray


def refused(row: int, column: str, detail: str, *, code: str) -> InvalidData:
    """The error for one cell that cannot be used; `row` counts from 0 below the header."""
    place = f"row {row + FIRST_ROW}, column {column!r}: {detail}"
    problem = Problem(pointer=f"row/{row + FIRST_ROW}/{column}", detail=place, code=code)
    return InvalidData(place, problems=[problem])


def numbers(table: Table, name: str) -> DoubleArray:
    """(N,) of a column that has to be numeric, NaN where missing."""
    column = table.column(name)
    if column.type is ColumnType.NUMERIC:
        return column.values_N
    if column.type is ColumnType.DATETIME:
        detail = f"column {name!r} holds dates where numbers are needed"
        raise InvalidData(detail)
    for row, code in enumerate(column.codes_N):
        if code >= 0 and number(column.labels[code]) is None:
            text = column.labels[code][:40]
            raise refused(row, name, f"{text!r} is not a number", code="not_numeric")
    detail = f"column {name!r} has no number"
    raise InvalidData(detail)


def matrix(table: Table, names: Sequence[str]) -> DoubleArray:
    """(N, C) of numeric columns."""
    return np.stack([numbers(table, name) for name in names], axis=1)


def refuse_missing(values_NC: DoubleArray, names: Sequence[str]) -> None:
    missing = np.argwhere(np.isnan(values_NC))
    if missing.size:
        row, column = int(missing[0][0]), names[int(missing[0][1])]
        raise refused(row, column, "a value is missing", code="missing")


def groups(table: Table, name: str) -> tuple[IntArray, tuple[str, ...]]:
    """(N,) which of the labels each row has; none may be missing."""
    codes_N, labels = table.column(name).groups()
    if (codes_N < 0).any():
        raise refused(int(np.argmin(codes_N)), name, "a value is missing", code="missing")
    return codes_N, labels


def ordered_rows(table: Table, *, group: str | None, by: str | None) -> list[IntArray]:
    """Rows of each group, labels ascending, sorted by a column or as the file has them."""
    rows_N = np.arange(table.num_rows, dtype=np.int32)
    if by is not None:
        rows_N = np.argsort(_sortable(table.column(by)), kind="stable").astype(np.int32)
    if group is None:
        parts = [rows_N]
    else:
        codes_N, labels = groups(table, group)
        by_code_N = rows_N[np.argsort(codes_N[rows_N], kind="stable")]
        starts = np.searchsorted(codes_N[by_code_N], np.arange(1, len(labels)))
        parts = [part.astype(np.int32) for part in np.split(by_code_N, starts)]
    if by is not None:
        for part in parts:
            _refuse_ties(table.column(by), part)
    return parts


def scale_of(values_NC: DoubleArray, names: Sequence[str], *, what: str) -> DoubleArray:
    """(2, C): mean and standard deviation. Refuses a constant column and one out of bounds."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean_C, std_C, range_C = values_NC.mean(axis=0), values_NC.std(axis=0), np.ptp(values_NC, 0)
    for name, mean, std, spread in zip(names, mean_C, std_C, range_C, strict=True):
        if not (np.isfinite(mean) and np.isfinite(std)):
            detail = f"column {name!r} has values too large to scale over {what}"
            raise InvalidData(detail)
        if spread == 0 or std <= np.finfo(np.float64).eps * abs(mean):
            detail = f"column {name!r} is constant over {what}"
            raise InvalidData(detail)
    return np.stack([mean_C, std_C])


def _sortable(column: Column) -> DoubleArray:
    if column.type is ColumnType.TEXT:
        detail = f"column {column.name!r} holds text that is neither a number nor an ISO date"
        raise InvalidData(detail)
    if np.isnan(column.values_N).any():
        row = int(np.argmax(np.isnan(column.values_N)))
        raise refused(row, column.name, "a value is missing", code="missing")
    return column.values_N


def _refuse_ties(column: Column, rows: IntArray) -> None:
    is_tied = np.diff(column.values_N[rows]) == 0
    if is_tied.any():
        row = int(rows[int(np.argmax(is_tied)) + 1])
        raise refused(row, column.name, "the same time as another row of its series", code="tie")
