"""The part of a table that is looked at: its first rows, and the columns that are needed.

Shapes: N rows.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain.compact import Compact
from app.domain.tables import Column, ColumnType, Table

#: Rows that are looked at; a panel of 2^20 rows takes about a second.
MAX_ROWS = 2**20


def first_rows(table: Table, *, most: int = MAX_ROWS) -> Table:
    """Returns the table without the rows after the first ones."""
    if table.num_rows <= most:
        return table
    return _taken(table, table.columns, slice(most), num_rows=most)


def part_of(
    table: Table, names: Collection[str], *, rows_n: NDArray[np.integer] | None = None
) -> Table:
    """Returns the columns of these names, and of their rows those that are given."""
    columns = tuple(column for column in table.columns if column.name in names)
    if rows_n is None:
        return replace(table, columns=columns)
    return _taken(table, columns, rows_n, num_rows=len(rows_n))


def _taken(
    table: Table,
    columns: tuple[Column, ...],
    rows: slice | NDArray[np.integer],
    *,
    num_rows: int,
) -> Table:
    taken = tuple(_rows_of(column, rows) for column in columns)
    return replace(table, columns=taken, num_rows=num_rows)


def _rows_of(column: Column, rows: slice | NDArray[np.integer]) -> Column:
    """Returns these rows of a column, with the labels that occur in them."""
    stored_n, labels = column.numbers.stored_N[rows], column.labels
    if column.type is ColumnType.TEXT and column.missing_N is None:
        codes, stored_n = np.unique(stored_n, return_inverse=True)
        labels = tuple(column.labels[int(code)] for code in codes)
    return replace(
        column,
        numbers=Compact(stored_N=stored_n, scale=column.numbers.scale),
        missing_N=None if column.missing_N is None else _any(column.missing_N[rows]),
        labels=labels,
    )


def _any(missing_n: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return missing_n if missing_n.any() else None
