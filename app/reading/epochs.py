"""Whole numbers that are times: seconds or milliseconds since 1970, or days like 20240131."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain.compact import Compact, compact, shrink
from app.domain.reader_options import AUTO
from app.domain.tables import Column, ColumnType
from app.reading.date_parts import SECONDS_OF_DAY, days_since_1970

#: Names of columns whose whole numbers may be times.
TIME_NAME = re.compile(
    r"(?i)(?:^|[_\W])(?:time|timestamp|date|datetime|day|epoch|unix|ts|utc|datum|zeit|fecha|period"
    r"|month|yearmonth|yyyymm(?:dd)?)(?:$|[_\W]|ms$|s$)|(?:time|timestamp|date)$"
)
#: Seconds from 1973 to 2099: smaller numbers are more often counts.
MIN_SECONDS, MAX_SECONDS = 10**8, 4_102_444_800
#: The beginning of 1678, where the client says that numbers are times.
EARLIEST_SECONDS = -9_214_560_000
_MIN_YEAR, _MAX_YEAR = 1900, 2100
_MONTH_DIGITS = 6
#: Rows whose parts are held at a time.
_PIECE_ROWS = 2**18
#: Digits of a whole number -> what it says.
_CALENDARS = {
    _MONTH_DIGITS: "first day of a month, as year and month in six digits",
    8: "days as year, month and day in eight digits",
    10: "hours as year, month, day and hour in ten digits",
    12: "minutes as year, month, day, hour and minute in twelve digits",
    14: "seconds as year, month, day and time in fourteen digits",
}
#: Value of the option -> what the numbers count, and how many of it a second has.
_UNITS = {
    "epoch_s": ("seconds", 1),
    "epoch_ms": ("milliseconds", 10**3),
    "epoch_us": ("microseconds", 10**6),
    "epoch_ns": ("nanoseconds", 10**9),
}


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
    if date_format not in {AUTO, "%Y%m%d", *_UNITS}:
        return column
    if date_format in {AUTO, "%Y%m%d"} and column.type is ColumnType.INTEGER:
        dated = _calendar(column)
        if dated is not None:
            return dated
    least, greatest = float(known_n.min()), float(known_n.max())
    for name, (unit, ratio) in _UNITS.items():
        scaled = ratio * column.numbers.scale
        earliest = MIN_SECONDS if date_format == AUTO else EARLIEST_SECONDS
        is_in_range = least >= earliest * scaled and greatest <= MAX_SECONDS * scaled
        if date_format in {AUTO, name} and is_in_range:
            return _dated(column, _seconds(column.numbers, ratio), f"{unit} since 1970")
    return column


def _seconds(numbers: Compact, ratio: int) -> Compact:
    stored_N, scale = numbers.stored_N, numbers.scale
    if stored_N.dtype.kind == "i" and scale * ratio <= 10**6:
        return Compact(stored_N=stored_N, scale=scale * ratio)
    return compact(numbers.values() / ratio)


def _calendar(column: Column) -> Column | None:
    """Returns dates where all whole numbers are like 20240131; None otherwise.

    Looks before seconds since 1970 are tried: of those, hardly all would be dates and times.
    """
    known_n = column.known().stored_N
    least, greatest = int(known_n.min()), int(known_n.max())
    for digits, read_as in _CALENDARS.items():
        unit = 10 ** (digits - 4)
        if _MIN_YEAR * unit <= least and greatest < (_MAX_YEAR + 1) * unit:
            pieces: list[NDArray[np.integer]] = []
            for start in range(0, known_n.size, _PIECE_ROWS):
                whole_n = known_n[start : start + _PIECE_ROWS].astype(np.int64)
                seconds_n = _of_calendar(whole_n, digits)
                if seconds_n is None:
                    return None
                pieces.append(shrink(seconds_n))
            return _dated(column, _filled(np.concatenate(pieces), column.missing_N), read_as)
    return None


def _filled(known_n: NDArray[np.integer], missing_N: NDArray[np.bool_] | None) -> Compact:
    if missing_N is None:
        return Compact(stored_N=known_n)
    stored_N = np.zeros(missing_N.shape, dtype=known_n.dtype)
    stored_N[~missing_N] = known_n
    return Compact(stored_N=stored_N)


def _of_calendar(whole_n: NDArray[np.int64], digits: int) -> NDArray[np.int64] | None:
    """Returns seconds since 1970; None where one of the dates or times does not exist."""
    # year, month, day, hour, minute, second, of which the last ones may be left out
    digits_n = whole_n * 10 ** (14 - digits)
    second_n, minute_n, hour_n = digits_n % 100, digits_n // 10**2 % 100, digits_n // 10**4 % 100
    day_n, month_n, year_n = digits_n // 10**6 % 100, digits_n // 10**8 % 100, digits_n // 10**10
    if digits == _MONTH_DIGITS:
        day_n = np.ones_like(day_n)
    days_n = days_since_1970(year_n, month_n, day_n)
    is_clock_n = (hour_n <= 23) & (minute_n <= 59) & (second_n <= 59)  # noqa: PLR2004 - clock
    if days_n is None or not is_clock_n.all():
        return None
    seconds_n: NDArray[np.int64] = (
        days_n * SECONDS_OF_DAY + hour_n * 3600 + minute_n * 60 + second_n
    )
    return seconds_n


def _dated(column: Column, seconds: Compact, read_as: str) -> Column:
    return replace(column, type=ColumnType.DATE, numbers=seconds, read_as=read_as)
