"""Times of the rows of a table, and the times of the values that a forecast predicts."""

import calendar
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: Name of a form of times -> how many of them a second has.
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
#: Times that differ by less, in seconds, are equal: rounding of float64.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Moment:
    """A number, or seconds since 1970 UTC of a date."""

    value: float
    #: How a cell writes it: `number`, `day`, `time`, `zoned` for a time with an offset from UTC,
    #: `clock`, or one of EPOCHS.
    form: str
    #: Name of the zone in which its file has times; "" for UTC.
    zone: str = ""

    @property
    def date(self) -> datetime:
        """The date in the zone of its file."""
        return self._date_of(self.value)

    def shown_in(self, zone: str) -> "Moment":
        return replace(self, zone=zone) if self.form in {"day", "time"} else self

    def _date_of(self, value: float) -> datetime:
        return datetime.fromtimestamp(value, ZoneInfo(self.zone) if self.zone else UTC)

    def at(self, value: float) -> float | str:
        """Returns another moment in the form of this one."""
        if self.form == "number":
            return value
        if self.form in EPOCHS:
            return value * EPOCHS[self.form]
        date = self._date_of(value)
        if self.form == "clock":
            return date.time().isoformat()
        if self.form == "day" and (date.hour, date.minute, date.second) == (0, 0, 0):
            return date.date().isoformat()
        has_zone = self.form == "zoned" or self.zone
        return (date if has_zone else date.replace(tzinfo=None)).isoformat()


def in_zone(moments: Sequence[Moment], zone: str) -> list[Moment | None]:
    """Moves local times to UTC; None for a time that the zone leaves out.

    Of two equal times in the hour that occurs twice, the later one is in its second occurrence.
    """
    place, seen = ZoneInfo(zone), Counter[float]()
    number_of = Counter(moment.value for moment in moments if moment.form in {"day", "time"})
    found: list[Moment | None] = []
    for moment in moments:
        if moment.form not in {"day", "time"}:
            found.append(moment)
            continue
        local = datetime.fromtimestamp(moment.value, UTC).replace(tzinfo=None)
        seen[moment.value] += 1
        is_second = number_of[moment.value] == 2 and seen[moment.value] == 2  # noqa: PLR2004
        value = local.replace(tzinfo=place, fold=int(is_second)).timestamp()
        is_real = datetime.fromtimestamp(value, place).replace(tzinfo=None) == local
        found.append(replace(moment, value=value) if is_real else None)
    return found


def times_after(moments: Sequence[Moment], count: int) -> list[float | str] | None:
    """Returns the next times of a window whose steps are equal, whole days or whole months.

    None where the steps differ, so that the times that follow are not known.
    """
    last = moments[-1]
    gaps = [after.value - before.value for before, after in pairwise(moments)]
    with suppress(ValueError, OverflowError):  # a year after 9999
        if gaps and max(gaps) - min(gaps) <= ROUNDING:
            return [last.at(last.value + gaps[-1] * ahead) for ahead in range(1, count + 1)]
        if gaps and last.form in {"day", "time", "zoned"}:
            return days_after(moments, count) or months_after(moments, count)
    return None


def days_after(moments: Sequence[Moment], count: int) -> list[float | str] | None:
    """Returns the next times of a window whose steps are an equal number of days, or None.

    Where clocks are changed such days do not have the same length.
    """
    dates = [moment.date for moment in moments]
    steps = {after.date() - before.date() for before, after in pairwise(dates)}
    if len(steps) > 1 or len({date.time() for date in dates}) > 1:
        return None
    [step] = steps
    following = (dates[-1] + ahead * step for ahead in range(1, count + 1))
    return [moments[-1].at(date.timestamp()) for date in following]


def months_after(moments: Sequence[Moment], count: int) -> list[float | str] | None:
    """Returns the next times of a window whose steps are an equal number of months, or None."""
    dates = [moment.date for moment in moments]
    months = [12 * date.year + date.month - 1 for date in dates]
    steps = {after - before for before, after in pairwise(months)}
    ends_month = all(date.day == days_of_month(date.year, date.month) for date in dates)
    if len(steps) > 1 or len({date.time() for date in dates}) > 1:
        return None
    if not ends_month and len({date.day for date in dates}) > 1:
        return None
    found = []
    for ahead in range(1, count + 1):
        year, month = divmod(months[-1] + ahead * (months[-1] - months[-2]), 12)
        days = days_of_month(year, month + 1)
        day = days if ends_month else min(dates[-1].day, days)
        date = dates[-1].replace(year=year, month=month + 1, day=day)
        found.append(moments[-1].at(date.timestamp()))
    return found


def days_of_month(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
