"""The order of the rows, and the column that tells series apart.

Shapes: N rows, S series.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.profiles import CsvProfile
from app.domain.suggestions.found import Obstacle
from app.domain.suggestions.names import is_series, is_time
from app.domain.suggestions.obstacles import MIN_TIED_SHARE, is_unique, why_not_ordered
from app.domain.suggestions.times import RankArray, Times, is_part_of_calendar, times_of
from app.domain.tables import Column, ColumnType, Table

#: Fewest rows that a series has on average, by a column with a telling name and without one.
MIN_ROWS_OF_NAMED, MIN_ROWS_OF_UNNAMED = 2, 5
#: Columns that are tried as the one that tells series apart.
MAX_TRIED = 12
#: A column without a telling name has at most so many values for each row of one time: those of a
#: measurement differ within a time by chance only if there are many more.
MAX_VALUES_PER_TIE = 1.5


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the rows of a table form series."""

    time_column: str | None
    series_column: str | None
    #: Columns that tell the time.
    clock: frozenset[str]
    #: Whether they tell the time of a calendar, and not only an order.
    is_calendar: bool
    #: (N,) Rows of the first series in time order, then those of the second, and so on.
    rows_N: NDArray[np.int64]
    #: (S,) Where each series begins in `rows_N`.
    starts_S: NDArray[np.int64]
    reasons: tuple[str, ...]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(S,) The number of rows of each series."""
        return np.diff(self.starts_S, append=len(self.rows_N))


def find_layout(table: Table, profile: CsvProfile) -> Layout | Obstacle:
    keys = [column for column in _keys(table, profile) if not is_part_of_calendar(column)]
    tied: list[Times] = []
    for times in times_of(table):
        key = _key_of(times, keys)
        if key is not None or times.most_tied == 1:
            return _ordered(times, key)
        tied.append(times)
    return _without_time(tied[0] if tied else None, keys, table)


def _keys(table: Table, profile: CsvProfile) -> list[Column]:
    """Returns columns that may tell series apart, the likeliest first."""
    distinct = {column.name: column.distinct for column in profile.columns}
    found = [
        column
        for column in table.columns
        if column.missing_N is None
        and 1 < distinct[column.name] <= table.num_rows // _least_rows(column)
        and column.type is not ColumnType.DATE
        and (column.type.has_labels or _is_whole(column))
    ]
    found.sort(
        key=lambda one: (not is_series(one.name), not one.type.has_labels, distinct[one.name])
    )
    return found[:MAX_TRIED]


def _least_rows(column: Column) -> int:
    """Returns the fewest rows that a series has on average."""
    return MIN_ROWS_OF_NAMED if is_series(column.name) else MIN_ROWS_OF_UNNAMED


def _is_whole(column: Column) -> bool:
    return column.numbers.stored_N.dtype.kind == "i" and column.numbers.scale == 1


def _key_of(times: Times, keys: Sequence[Column]) -> Column | None:
    """Returns the column by which no series has the same time twice; None if there is none."""
    for key in keys:
        if key.name in times.names:
            continue
        if times.most_tied == 1:
            if is_series(key.name):
                return key
            continue
        codes_N, labels = key.groups()
        if _may_be_key(key, len(labels), times) and is_unique(codes_N, times.rank_N):
            return key
    return None


def _may_be_key(key: Column, num_values: int, times: Times) -> bool:
    if num_values < times.most_tied:
        return False
    if is_series(key.name):
        return True
    if times.tied_share < MIN_TIED_SHARE:
        return False
    return key.type is ColumnType.TEXT or num_values <= MAX_VALUES_PER_TIE * times.most_tied


def _ordered(times: Times, key: Column | None) -> Layout | Obstacle:
    """Returns the layout of rows that a time orders within each series."""
    rows_N, starts_S, num_series = _sorted(times.rank_N, key)
    if times.column is None and not _is_in_file_order(rows_N, starts_S):
        names = " and ".join(repr(name) for name in times.names)
        detail = f"{names} together tell the time, and the rows are not sorted by them: sort the "
        return Obstacle(detail=detail + "rows, or upload one column with the whole time")
    reasons = list(_reasons_of_time(times, key, num_series))
    return Layout(
        time_column=times.column,
        series_column=None if key is None else key.name,
        clock=frozenset(times.names),
        is_calendar=times.is_calendar,
        rows_N=rows_N,
        starts_S=starts_S,
        reasons=tuple(reasons),
    )


def _reasons_of_time(times: Times, key: Column | None, num_series: int) -> Iterator[str]:
    if times.column is None:
        names = " and ".join(repr(name) for name in times.names)
        yield f"time_column: none; {names} tell the time together, and the file is in its order"
    else:
        yield f"time_column: {times.column!r} orders the rows"
    if key is not None and times.most_tied == 1:
        yield f"series_column: {key.name!r}, by its name; it has {num_series} values"
    elif key is not None:
        yield (
            f"series_column: {key.name!r}, because times repeat and none repeats for one of its "
            f"{num_series} values"
        )


def _sorted(
    rank_N: RankArray | None, key: Column | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Returns the rows by series and time, where each series begins, and how many there are."""
    if key is None:
        rows_N = np.argsort(rank_N, kind="stable") if rank_N is not None else np.empty(0, np.int64)
        return rows_N.astype(np.int64), np.zeros(1, dtype=np.int64), 1
    codes_N, labels = key.groups()
    if rank_N is None:
        rows_N = np.argsort(codes_N, kind="stable")
    else:
        span = int(rank_N.max()) + 1
        rows_N = np.argsort(codes_N.astype(np.int64) * span + rank_N, kind="stable")
    counts = np.bincount(codes_N, minlength=len(labels))
    sizes = counts[counts > 0]
    starts_S = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return rows_N.astype(np.int64), starts_S, len(sizes)


def _is_in_file_order(rows_N: NDArray[np.int64], starts_S: NDArray[np.int64]) -> bool:
    falls = np.flatnonzero(np.diff(rows_N) < 0) + 1
    return bool(np.isin(falls, starts_S).all())


def _without_time(tied: Times | None, keys: Sequence[Column], table: Table) -> Layout | Obstacle:
    """Returns the layout of rows in the order of the file, if nothing speaks against it."""
    if tied is not None and (detail := why_not_ordered(table, tied, keys)) is not None:
        return Obstacle(detail=detail)
    key = next((column for column in keys if is_series(column.name)), None)
    if tied is None:
        gap = next((one for one in table.columns if _is_time_with_gaps(one)), None)
        what = "no column orders the rows" if gap is None else f"{gap.name!r} misses values"
        reason = f"time_column: none, because {what}; the order of the file is "
        reason += "taken for time, which is wrong where rows are independent of each other"
    else:
        reason = f"time_column: none, because times in {tied.names[0]!r} repeat; the rows are in "
        reason += "the order of the file, and rows of the same time are taken to follow each other"
    reasons = [reason]
    if key is not None:
        rows_N, starts_S, num_series = _sorted(None, key)
        reasons.append(f"series_column: {key.name!r}, by its name; it has {num_series} values")
    else:
        rows_N, starts_S = np.arange(table.num_rows), np.zeros(1, dtype=np.int64)
    return Layout(
        time_column=None,
        series_column=None if key is None else key.name,
        clock=frozenset(tied.names if tied else ()),
        is_calendar=tied is not None,
        rows_N=rows_N,
        starts_S=starts_S,
        reasons=tuple(reasons),
    )


def _is_time_with_gaps(column: Column) -> bool:
    return column.missing_N is not None and (
        column.type is ColumnType.DATE or (column.type.is_numeric and is_time(column.name))
    )
