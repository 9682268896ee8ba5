"""Positions of a time in its hour, day, week, month and year, as points on a circle.

A point has a sine and a cosine, so that the last hour of a day is next to the first one.
Shapes: n rows, C fields.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray

CalendarField = Literal[
    "minute_of_hour", "hour_of_day", "day_of_week", "day_of_month", "day_of_year", "month_of_year"
]
#: Whole seconds since 1970.
Seconds = NDArray[np.int64]
_SECONDS_OF_DAY = 86_400
#: Time zones change their offset from UTC at multiples of it, in seconds.
_OFFSET_STEP_S = 900
#: Weekday of 1970-01-01; Monday is 0.
_FIRST_WEEKDAY = 3


def _day(seconds_n: Seconds) -> NDArray[np.datetime64]:
    return (seconds_n // _SECONDS_OF_DAY).astype("datetime64[D]")


def _day_since(seconds_n: Seconds, unit: str) -> Seconds:
    day_n = _day(seconds_n)
    since_n: Seconds = (day_n - day_n.astype(f"datetime64[{unit}]")).astype(np.int64)
    return since_n


def _month_of_year(seconds_n: Seconds) -> Seconds:
    months_n: Seconds = _day(seconds_n).astype("datetime64[M]").astype(np.int64) % 12
    return months_n


#: Field -> its period, and its position, from 0, of local seconds since 1970.
_FIELDS: Mapping[str, tuple[int, Callable[[Seconds], Seconds]]] = MappingProxyType(
    {
        "minute_of_hour": (60, lambda seconds_n: seconds_n // 60 % 60),
        "hour_of_day": (24, lambda seconds_n: seconds_n // 3600 % 24),
        "day_of_week": (7, lambda seconds_n: (seconds_n // _SECONDS_OF_DAY + _FIRST_WEEKDAY) % 7),
        "day_of_month": (31, lambda seconds_n: _day_since(seconds_n, "M")),
        "day_of_year": (366, lambda seconds_n: _day_since(seconds_n, "Y")),
        "month_of_year": (12, _month_of_year),
    }
)


def local_seconds(utc_n: DoubleArray, time_zone: str | None) -> Seconds:
    """Returns (n,) what local clocks show, in whole seconds since 1970; None stands for UTC."""
    seconds_n = np.floor(utc_n).astype(np.int64)
    if time_zone is None:
        return seconds_n
    zone = ZoneInfo(time_zone)
    steps, place_n = np.unique(seconds_n // _OFFSET_STEP_S, return_inverse=True)
    offsets = [_offset_s(int(step) * _OFFSET_STEP_S, zone) for step in steps]
    local_n: Seconds = seconds_n + np.array(offsets, dtype=np.int64)[place_n]
    return local_n


def _offset_s(utc_s: int, zone: ZoneInfo) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=utc_s)
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds())


def positions(seconds_n: Seconds, field: CalendarField) -> Seconds:
    """Returns (n,) the position of local times in a field, from 0."""
    return _FIELDS[field][1](seconds_n)


def calendar_columns(seconds_n: Seconds, fields: Sequence[CalendarField]) -> DoubleArray:
    """Returns (n, 2 C) sine and cosine of each field, for local times."""
    columns = []
    for field in fields:
        angle_n = 2 * np.pi * positions(seconds_n, field) / _FIELDS[field][0]
        columns += [np.sin(angle_n), np.cos(angle_n)]
    return np.stack(columns, axis=1)
