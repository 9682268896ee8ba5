"""Columns that order the rows of a table, alone or together.

Shapes: N rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.suggestions.names import calendar_place, is_calendar, is_series, is_time
from app.domain.tables import Column, ColumnType, Table

RankArray = NDArray[np.int64]
#: Fewest different values of a column that counts the rows of several series.
MIN_COUNTED = 8
#: Widest range of whole numbers that are their own ranks: times the number of series it fits 2^63.
MAX_OWN_RANK = 2**40


@dataclass(frozen=True, kw_only=True)
class Times:
    """The time of each row, by one column or by several together."""

    names: tuple[str, ...]
    #: (N,) Equal for equal times, and ascending with time.
    rank_N: RankArray
    #: Whether it tells the time of a calendar.
    is_calendar: bool

    @property
    def column(self) -> str | None:
        """The column that a spec can name; None for several."""
        return self.names[0] if len(self.names) == 1 else None

    @cached_property
    def most_tied(self) -> int:
        """The number of rows of the most frequent time."""
        change_N = np.diff(self.rank_N)
        if (change_N > 0).all() or (change_N < 0).all():
            return 1
        return int(_run_lengths(np.sort(self.rank_N)).max())

    @cached_property
    def tied_share(self) -> float:
        """The share of rows whose time another row has too."""
        lengths = _run_lengths(np.sort(self.rank_N))
        return float(lengths[lengths > 1].sum() / len(self.rank_N))

    @property
    def is_sorted(self) -> bool:
        return bool((np.diff(self.rank_N) >= 0).all())


def ranks(column: Column) -> RankArray:
    """Returns (N,) whole numbers that are ordered as the values, and equal where they are."""
    stored_N = column.numbers.stored_N
    if stored_N.dtype.kind == "i" and stored_N.size:
        least = int(stored_N.min())
        if int(stored_N.max()) - least < MAX_OWN_RANK:
            return stored_N.astype(np.int64) - least
    _, rank_N = np.unique(stored_N, return_inverse=True)
    return np.asarray(rank_N, dtype=np.int64)


def times_of(table: Table) -> Iterator[Times]:
    """Yields what may order the rows, the most certain first."""
    usable = [
        column
        for column in table.columns
        if column.missing_N is None and not column.type.has_labels
    ]
    dates = [column for column in usable if column.type is ColumnType.DATE]
    named = [column for column in usable if column not in dates and is_time(column.name)]
    singles = [_alone(column) for column in dates + named]
    yield from (times for times in singles if times.most_tied == 1)
    yield from _together(dates, named)
    yield from (times for times in singles if times.most_tied > 1)
    counters = [
        column
        for place, column in enumerate(usable)
        if column not in dates + named and _counts_rows(column, is_first=place == 0)
    ]
    # a file is rather sorted by series than by time, so that the time begins anew in it
    counters.sort(key=lambda column: (is_series(column.name), not _falls(column)))
    if len(table.columns) > 1:
        for column in counters:
            yield _alone(column)


def is_part_of_calendar(column: Column) -> bool:
    """Returns whether the column holds numbers such as the month or the hour."""
    return column.type is not ColumnType.DATE and calendar_place(column.name) is not None


def _alone(column: Column) -> Times:
    return Times(
        names=(column.name,),
        rank_N=ranks(column),
        is_calendar=column.type is ColumnType.DATE or is_calendar(column.name),
    )


def _together(dates: Sequence[Column], named: Sequence[Column]) -> Iterator[Times]:
    """Yields a date or a year with ever finer units of the calendar, the finest first."""
    found: list[Times] = []
    places = {column.name: calendar_place(column.name) for column in named}
    parts = sorted(
        (column for column in named if places[column.name] is not None),
        key=lambda column: places[column.name] or 0,
    )
    parts = [*dates[:1], *parts]
    whole = _alone(parts[0]) if parts else None
    for column in parts[1:]:
        finer_N = ranks(column)
        span = int(finer_N.max(initial=0)) + 1
        if whole is None or int(whole.rank_N.max(initial=0)) >= MAX_OWN_RANK // span:
            break
        names, rank_N = (*whole.names, column.name), whole.rank_N * span + finer_N
        finer = Times(names=names, rank_N=rank_N, is_calendar=True)
        if finer.most_tied < whole.most_tied:
            whole = finer
            found.append(finer)
    yield from reversed(found)


def _counts_rows(column: Column, *, is_first: bool) -> bool:
    """Returns whether the column rises from row to row, or counts the rows of several series.

    A column that is not the first may be a sum that grows, and has to rise by equal steps.
    """
    stored_N = column.numbers.stored_N
    if stored_N.dtype.kind != "i" or column.numbers.scale != 1 or len(stored_N) <= 1:
        return is_first and bool((stored_N[1:] > stored_N[:-1]).all())
    change_N = np.diff(stored_N.astype(np.int64))
    if is_first and bool((change_N > 0).all()):
        return True
    up_n = change_N[change_N > 0]
    if not up_n.size or int(up_n.min()) != int(up_n.max()):
        return False
    after_fall_n = stored_N[1:][change_N < 0]
    begins_anew = bool((after_fall_n == stored_N.min()).all())
    num_values = (int(stored_N.max()) - int(stored_N.min())) // int(up_n[0]) + 1
    return begins_anew and num_values >= MIN_COUNTED


def _falls(column: Column) -> bool:
    stored_N = column.numbers.stored_N
    return bool((stored_N[1:] < stored_N[:-1]).any())


def _run_lengths(sorted_N: RankArray) -> RankArray:
    """Returns how often each of the sorted numbers occurs."""
    starts = np.flatnonzero(np.diff(sorted_N, prepend=sorted_N[:1] - 1))
    return np.diff(starts, append=len(sorted_N)).astype(np.int64)
