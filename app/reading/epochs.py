"""Whole numbers that are times: seconds or milliseconds since 1970, or days like 20240131."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain.compact import Compact, compact, shrink
from app.domain.reader_options import AUTO
from app.domain.tables import Column, ColumnType
from app.reading.date_parts import days_since_1970

#: Names of columns whose whole numbers may be times.
TIME_NAME = re.compile(
    r"(?i)(?:^|[_\W])(?:time|timestamp|date|datetime|day|epoch|unix|ts|utc)(?:$|[_\W]|ms$|s$)"
    r"|(?:time|timestamp|date)$"
)
#: Seconds from 1973 to 2099: smaller numbers are more often counts.
MIN_SECONDS, MAX_SECONDS = 10**8, 4_102_444_800
SECONDS_OF_DAY = 86_400
_MIN_DAY, _MAX_DAY = 19_000_101, 21_001_231


def as_times(column: Column, date_format: str) -> Column:
    """Returns a column of dates where the numbers are times, and any other column unchanged.

    Without a `date_format` that says so, the name of the column has to speak of time.
    """
    if column.type not in {ColumnType.INTEGER, ColumnType.NUMBER}:
        return column
    is_named = bool(TIME_NAME.search(column.name))
    known_n = column.known().stored_N
    if not known_n.size or (date_format == AUTO and not is_named):
        return column
    if date_format not in {AUTO, "epoch_s", "epoch_ms", "%Y%m%d"}:
        return column
    least, greatest = float(known_n.min()), float(known_n.max())
    for name, unit, ratio in (("epoch_s", "seconds", 1), ("epoch_ms", "milliseconds", 1000)):
        scaled = ratio * column.numbers.scale
        is_in_range = least >= MIN_SECONDS * scaled and greatest <= MAX_SECONDS * scaled
        if date_format in {AUTO, name} and is_in_range:
            seconds = _seconds(column.numbers, ratio)
            return _dated(column, seconds, f"{unit} since 1970")
    if date_format in {AUTO, "%Y%m%d"} and column.type is ColumnType.INTEGER:
        return _days(column)
    return column


def _seconds(numbers: Compact, ratio: int) -> Compact:
    stored_N, scale = numbers.stored_N, numbers.scale
    if stored_N.dtype.kind == "i" and scale * ratio <= 10**6:
        return Compact(stored_N=stored_N, scale=scale * ratio)
    return compact(numbers.values() / ratio)


def _days(column: Column) -> Column:
    """Returns a column of dates where all whole numbers are days like 20240131."""
    known_n = column.known().stored_N
    if known_n.min() < _MIN_DAY or known_n.max() > _MAX_DAY:
        return column
    whole_N = column.numbers.stored_N.astype(np.int64)
    filled_N: NDArray[np.int64] = np.where(
        np.zeros_like(whole_N, dtype=np.bool_) if column.missing_N is None else column.missing_N,
        19_700_101,
        whole_N,
    )
    days_N = days_since_1970(filled_N // 10_000, filled_N // 100 % 100, filled_N % 100)
    if days_N is None:
        return column
    seconds = Compact(stored_N=shrink(days_N * SECONDS_OF_DAY))
    return _dated(column, seconds, "days as year, month and day in eight digits")


def _dated(column: Column, seconds: Compact, read_as: str) -> Column:
    return replace(column, type=ColumnType.DATE, numbers=seconds, read_as=read_as)
