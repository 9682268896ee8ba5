"""A column of days and one of times of day beside it are one time.

Legend: N rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.compact import Compact, compact, shrink
from app.domain.tables import Column, ColumnType
from app.reading.date_parts import SECONDS_OF_DAY
from app.reading.dates import TIME_OF_DAY


def find_day_and_clock(columns: Sequence[Column]) -> tuple[int, int] | None:
    """Returns the places of a column of days and its clock; None where there is no such pair.

    The two stand side by side, each is the only one of its kind, and a day occurs in two
    consecutive rows.
    """
    clocks = [index for index, column in enumerate(columns) if column.read_as == TIME_OF_DAY]
    days = [
        index
        for index, column in enumerate(columns)
        if column.type is ColumnType.DATE and index not in clocks
    ]
    if len(clocks) != 1 or len(days) != 1 or abs(clocks[0] - days[0]) != 1:
        return None
    is_pair = are_days(columns[days[0]]) and _is_repeated(columns[days[0]])
    return (days[0], clocks[0]) if is_pair else None


def are_days(column: Column) -> bool:
    """Whether all times of a column are midnight."""
    known_n = column.known().stored_N
    is_whole = column.numbers.scale == 1 and known_n.dtype.kind == "i"
    return is_whole and not (known_n % SECONDS_OF_DAY).any()


def _is_repeated(column: Column) -> bool:
    known_n = column.known().stored_N
    return bool((known_n[1:] == known_n[:-1]).any())


def with_clock(day: Column, clock: Column) -> Column:
    """Returns the days with the times of day; a row without one of them is missing."""
    numbers, scale = clock.numbers.stored_N, clock.numbers.scale
    if numbers.dtype.kind == "i":
        sums_N = day.numbers.stored_N.astype(np.int64) * scale + numbers
        joined = Compact(stored_N=shrink(sums_N), scale=scale)
    else:
        joined = compact(day.numbers.values() + clock.numbers.values())
    missing = [each.missing_N for each in (day, clock) if each.missing_N is not None]
    return replace(
        day,
        numbers=joined,
        missing_N=np.logical_or.reduce(missing) if missing else None,
        read_as=f"{day.read_as or 'date'}, with the time of day of column {clock.name!r}",
    )
