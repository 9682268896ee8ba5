"""A table to be examined: what its columns are for, and its rows by series and time.

Shapes: N rows of the table, S series.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.column import ColumnView
from app.domain.cautions.roles import Roles
from app.domain.tables import Column, ColumnType, Table
from app.domain.telemetry import DoubleArray

#: Larger numbers cannot be scaled for training; their squares overflow.
MAX_SIZE = 1e100
#: Rows that are examined, the first ones: as doubles they take 4 MiB a column.
MAX_ROWS = 2**19


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A table and the roles of its columns."""

    table: Table
    roles: Roles
    #: (N,) rows of the table, those of a series one after the other and in time order.
    rows_N: NDArray[np.intp]
    #: (S,) positions in `rows_N` at which a series begins.
    starts_S: NDArray[np.intp]
    #: (S,) or one empty label if the table is one series.
    labels: Sequence[str]
    #: (N,) in the order of `rows_N`: seconds since 1970 UTC, or numbers; None without times.
    time_N: DoubleArray | None

    @classmethod
    def of(cls, table: Table, roles: Roles) -> Self:
        table = _first_rows(table, MAX_ROWS)
        series = find_column(table, roles.series_column)
        time_column = find_column(table, roles.time_column)
        time_N = None if time_column is None else _times(time_column)
        codes_N, labels = (None, ("",)) if series is None else _codes(series)
        rows_N = _order(codes_N, time_N, table.num_rows)
        starts_S = np.zeros(1, dtype=np.intp)
        if codes_N is not None:
            ordered_N = codes_N[rows_N]
            starts_S = np.flatnonzero(np.diff(ordered_N, prepend=ordered_N[0] - 1))
            labels = tuple(labels[code] for code in ordered_N[starts_S])
        return cls(
            table=table,
            roles=roles,
            rows_N=rows_N,
            starts_S=starts_S,
            labels=labels,
            time_N=None if time_N is None else time_N[rows_N],
        )

    @property
    def num_rows(self) -> int:
        return self.table.num_rows

    @property
    def has_series(self) -> bool:
        return find_column(self.table, self.roles.series_column) is not None

    @property
    def ends(self) -> NDArray[np.intp]:
        return np.append(self.starts_S[1:], self.num_rows)

    @cached_property
    def is_first(self) -> NDArray[np.bool_]:
        """(N,) whether a row is the first one of its series, in the order of `rows_N`."""
        is_first_N = np.zeros(self.num_rows, dtype=np.bool_)
        is_first_N[self.starts_S] = True
        return is_first_N

    @property
    def time_column(self) -> Column | None:
        return find_column(self.table, self.roles.time_column)

    @property
    def has_dates(self) -> bool:
        column = self.time_column
        return column is not None and column.type is ColumnType.DATE

    def views(self) -> Iterator[ColumnView]:
        """Yields the columns that are used."""
        named = self.roles.named
        for column in self.table.columns:
            if named is None or column.name in named:
                yield self._view(column)

    def features(self) -> list[Column]:
        """Returns the columns that may be features, without target, label, series and time."""
        roles = self.roles
        others = {roles.target, roles.label, roles.series_column, roles.time_column}
        return [
            column
            for column in self.table.columns
            if column.name not in others
            and (roles.features is None or column.name in roles.features)
        ]

    def _view(self, column: Column) -> ColumnView:
        roles = self.roles
        orders_rows = column.name in {roles.series_column, roles.time_column, roles.label}
        return ColumnView(
            column=column,
            rows_N=self.rows_N,
            starts_S=self.starts_S,
            is_measured=not orders_rows and _is_measured(column),
            is_target=column.name in {roles.target, roles.label},
            orders_rows=orders_rows,
        )


def _first_rows(table: Table, most: int) -> Table:
    if table.num_rows <= most:
        return table
    columns = tuple(
        replace(
            column,
            numbers=replace(column.numbers, stored_N=column.numbers.stored_N[:most]),
            missing_N=None if column.missing_N is None else column.missing_N[:most],
        )
        for column in table.columns
    )
    return replace(table, columns=columns, num_rows=most)


def _is_measured(column: Column) -> bool:
    if (
        column.type not in {ColumnType.NUMBER, ColumnType.INTEGER}
        or not column.numbers.stored_N.size
    ):
        return False
    stored_N = column.numbers.stored_N
    return max(abs(float(stored_N.min())), abs(float(stored_N.max()))) < MAX_SIZE


def find_column(table: Table, name: str | None) -> Column | None:
    return next((column for column in table.columns if column.name == name), None)


def _times(column: Column) -> DoubleArray | None:
    """(N,) times in the order of the file; None if they cannot order all rows."""
    if column.type.has_labels or column.missing_N is not None:
        return None
    return column.values()


def _codes(series: Column) -> tuple[NDArray[np.int32], Sequence[str]]:
    """Returns (N,) the code of each row's series. Rows without one are a series of their own."""
    codes_N, labels = series.groups()
    # a code of -1 is the last label
    return codes_N, (*labels, "")


def _order(
    codes_N: NDArray[np.int32] | None, time_N: DoubleArray | None, num_rows: int
) -> NDArray[np.intp]:
    keys = [each for each in (time_N, codes_N) if each is not None]
    if not keys or _is_sorted(codes_N, time_N):
        return np.arange(num_rows)
    if len(keys) == 1:
        return np.argsort(keys[0], kind="stable")
    return np.lexsort(keys)


def _is_sorted(codes_N: NDArray[np.int32] | None, time_N: DoubleArray | None) -> bool:
    if codes_N is None:
        return time_N is None or bool((time_N[1:] >= time_N[:-1]).all())
    rises_n = codes_N[1:] > codes_N[:-1]
    stays_n = codes_N[1:] == codes_N[:-1]
    if time_N is not None:
        stays_n &= time_N[1:] >= time_N[:-1]
    return bool((rises_n | stays_n).all())
