"""Times of the rows of a table, and the times of the values that a forecast predicts."""

import calendar
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
#: Times that differ by less, in seconds, are equal: rounding of float64.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Moment:
    """A number, or seconds since 1970 UTC of a date."""

    value: float
    #: How a cell writes it: `number`, `day`, `time`, or `zoned` for a time with an offset from UTC.
    form: str

    @property
    def date(self) -> datetime:
        return datetime.fromtimestamp(self.value, UTC)

    def at(self, value: float) -> float | str:
        """Returns another moment in the form of this one."""
        if self.form == "number":
            return value
        date = datetime.fromtimestamp(value, UTC)
        if self.form == "day" and (date.hour, date.minute, date.second) == (0, 0, 0):
            return date.date().isoformat()
        return (date if self.form == "zoned" else date.replace(tzinfo=None)).isoformat()


def read_moment(cell: str, *, is_date: bool) -> Moment:
    """Raises ValueError for a cell that is neither a number nor an ISO date."""
    if NUMBER.fullmatch(cell) and not (is_date and DAY.fullmatch(cell)):
        return Moment(float(cell), "number")
    iso = re.sub(r"-(\d)(?!\d)", r"-0\1", cell.replace("/", "-"))
    parsed = datetime.fromisoformat(iso + "-01" * bool(MONTH.fullmatch(iso)))
    if parsed.tzinfo:
        return Moment(parsed.timestamp(), "zoned")
    form = "day" if DAY.fullmatch(iso) or MONTH.fullmatch(iso) else "time"
    return Moment(parsed.replace(tzinfo=UTC).timestamp(), form)


def times_after(moments: Sequence[Moment], count: int) -> list[float | str] | None:
    """Returns the next times of a window whose steps are equal, or whole months.

    None where the steps differ, so that the times that follow are not known.
    """
    last = moments[-1]
    gaps = [after.value - before.value for before, after in pairwise(moments)]
    with suppress(ValueError, OverflowError):  # a year after 9999
        if gaps and max(gaps) - min(gaps) <= ROUNDING:
            return [last.at(last.value + gaps[-1] * ahead) for ahead in range(1, count + 1)]
        if gaps and last.form != "number":
            return months_after(moments, count)
    return None


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
