"""Columns of an upload as arrays. Raises InvalidData that names the cell that cannot be used.

Shapes: N rows of the file, C columns. The header is row 1.
"""

from collections.abc import Sequence

import numpy as np

from app.domain.csv_cells import number
from app.domain.errors import InvalidData, Problem
from app.domain.tables import Column, ColumnType, Table
from app.domain.telemetry import DoubleArray, IntArray


def refused(table: Table, row: int, column: str, detail: str, *, code: str) -> InvalidData:
    """Returns the error for one cell that cannot be used; `row` counts from 0 in the table."""
    number_in_file = row + table.first_row
    place = f"row {number_in_file}, column {column!r}: {detail}"
    problem = Problem(pointer=f"row/{number_in_file}/{column}", detail=place, code=code)
    return InvalidData(place, problems=[problem])


def numbers(table: Table, name: str) -> DoubleArray:
    """(N,) of a column that has to be numeric, NaN where missing."""
    column = table.column(name)
    if column.type.is_numeric:
        return column.values()
    if column.type is ColumnType.DATE:
        detail = f"column {name!r} holds dates where numbers are needed"
        raise InvalidData(detail)
    for row, code in enumerate(column.codes()):
        if code >= 0 and number(column.labels[code]) is None:
            text = column.labels[code][:40]
            raise refused(table, row, name, f"{text!r} is not a number", code="not_numeric")
    detail = f"column {name!r} has no number"
    raise InvalidData(detail)


def matrix(table: Table, names: Sequence[str]) -> DoubleArray:
    """(N, C) of numeric columns."""
    return np.stack([numbers(table, name) for name in names], axis=1)


def refuse_missing(table: Table, values_NC: DoubleArray, names: Sequence[str]) -> None:
    missing = np.argwhere(np.isnan(values_NC))
    if missing.size:
        row, column = int(missing[0][0]), names[int(missing[0][1])]
        raise refused(table, row, column, "a value is missing", code="missing")


def groups(table: Table, name: str) -> tuple[IntArray, Sequence[str]]:
    """(N,) which of the labels each row has; none may be missing."""
    codes_N, labels = table.column(name).groups()
    if (codes_N < 0).any():
        row = int(np.argmin(codes_N))
        raise refused(table, row, name, "a value is missing", code="missing")
    return codes_N, labels


def is_date(table: Table, name: str | None) -> bool:
    return name is not None and table.column(name).type is ColumnType.DATE


def ordered_rows(
    table: Table, *, group: str | None, by: str | None, refuses_ties: bool = True
) -> list[IntArray]:
    """Rows of each group, labels ascending, sorted by a column or as the file has them.

    Rows with the same time are in the order of the file, or raise InvalidData.
    """
    rows_N = np.arange(table.num_rows, dtype=np.int32)
    if by is not None:
        rows_N = np.argsort(_sortable(table, table.column(by)), kind="stable").astype(np.int32)
    if group is None:
        parts = [rows_N]
    else:
        codes_N, labels = groups(table, group)
        by_code_N = rows_N[np.argsort(codes_N[rows_N], kind="stable")]
        starts = np.searchsorted(codes_N[by_code_N], np.arange(1, len(labels)))
        parts = [part.astype(np.int32) for part in np.split(by_code_N, starts)]
    if by is not None and refuses_ties:
        column = table.column(by)
        for part in parts:
            _refuse_ties(table, column, part, has_groups=group is not None)
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


def _sortable(table: Table, column: Column) -> DoubleArray:
    if column.type.has_labels:
        detail = f"column {column.name!r} holds text that is neither a number nor a date"
        raise InvalidData(detail)
    if column.missing_N is not None:
        row = int(np.argmax(column.missing_N))
        raise refused(table, row, column.name, "a value is missing", code="missing")
    return column.values()


def _refuse_ties(table: Table, column: Column, rows_n: IntArray, *, has_groups: bool) -> None:
    """Raises InvalidData if two rows of a series have the same time, with what would help."""
    values_n = column.numbers.stored_N[rows_n]
    is_tied = values_n[1:] == values_n[:-1]
    if is_tied.any():
        row = int(rows_n[int(np.argmax(is_tied)) + 1])
        detail = "the same time as another row of its series"
        if not has_groups:
            detail += "; if the file holds several series, name the column that tells them apart"
        if column.type is ColumnType.DATE:
            detail += (
                "; if an hour occurs twice because clocks were put back, upload the file with "
            )
            detail += "its time_zone"
        detail += "; a forecast keeps one of them or takes their mean with dataset.equal_times"
        raise refused(table, row, column.name, detail, code="tie")
