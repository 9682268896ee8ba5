"""The calendar of a forecast: where the local times of timesteps lie in their day, week and year.

Shapes: T timesteps, C fields.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.publishing.program.dates import iso_moment
from worker.publishing.program.network import Document, Unusable
from worker.publishing.program.times import Moment, times_after

#: Field -> its period, and the position of a time in it, from 0.
FIELDS: Mapping[str, tuple[int, Callable[[datetime], int]]] = {
    "minute_of_hour": (60, lambda time: time.minute),
    "hour_of_day": (24, lambda time: time.hour),
    "day_of_week": (7, lambda time: time.weekday()),
    "day_of_month": (31, lambda time: time.day - 1),
    "day_of_year": (366, lambda time: time.timetuple().tm_yday - 1),
    "month_of_year": (12, lambda time: time.month - 1),
}


def calendar_of(calendar: Document, example: Document, timesteps: int) -> list[list[float]]:
    """(T, 2 C for each lead) sines and cosines of the last timesteps of an example.

    Raises Unusable where the times, also those that follow the last row, are not known.
    """
    moments = example.get("moments")
    if not moments:
        raise Unusable("the network reads a calendar: an input needs `times`, one for each row")
    zone, ahead = zone_of(calendar), max(calendar["leads"])
    later = example.get("moments_ahead") or moments_after(moments[-timesteps:], ahead, zone)
    if later is None or len(later) < ahead:
        detail = f"the times of the {ahead} timesteps after the last row are not known: its steps "
        raise Unusable(f"{detail}differ; add rows that have nothing but these times")
    local = [local_time(moment, zone) for moment in (*moments[-timesteps:], *later)]
    return [
        [
            number
            for lead in calendar["leads"]
            for field in calendar["fields"]
            for number in point(field, local[place + lead])
        ]
        for place in range(timesteps)
    ]


def point(field: str, time: datetime) -> tuple[float, float]:
    period, position = FIELDS[field]
    angle = 2 * math.pi * position(time) / period
    return math.sin(angle), math.cos(angle)


def moments_after(moments: Sequence[Moment], count: int, zone: str) -> list[Moment] | None:
    """The next moments, in equal steps or whole days or months of local time, or None."""
    zoned = [
        replace(moment, form="zoned", zone=zone if is_utc(moment) else "") for moment in moments
    ]
    found = times_after(zoned, count)
    if found is None:
        return None
    return [replace(moments[-1], value=iso_moment(str(time)).value) for time in found]


def local_time(moment: Moment, zone: str) -> datetime:
    """What local clocks show; `zone` is "" for UTC."""
    place = ZoneInfo(zone) if zone and is_utc(moment) else UTC
    return datetime.fromtimestamp(moment.value, place)


def is_utc(moment: Moment) -> bool:
    """False for a time without an offset from UTC, which is local already."""
    return moment.form not in {"day", "time"} or bool(moment.zone)


def zone_of(calendar: Document) -> str:
    """The name of the zone; "" for UTC. Raises Unusable for a zone that is not known here."""
    name: str = calendar["time_zone"] or ""
    try:
        return ZoneInfo(name).key if name else ""
    except ZoneInfoNotFoundError as error:
        raise Unusable(f"this machine does not know the time zone {name!r}") from error
