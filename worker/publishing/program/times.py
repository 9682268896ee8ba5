"""Times of the rows of a table, and the times of the values that a forecast predicts."""

import calendar
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" *(?P<half>[AaPp]\.?[Mm]\.?)?"
)
AFTER_DATE = rf"(?:(?:T| +|, *){CLOCK})? *(?P<zone>Z|UTC|GMT|[+-]\d{{2}}:?(?:\d{{2}})?)?"
WEEKDAY, NAME = r"(?:[A-Za-z]{3,9}\.?,? +)?", r"(?P<name>[A-Za-z]{3,9})\.?"
DAY_OF = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
NUMERIC = r"(?P<first>\d{1,4})[-/.](?P<middle>\d{1,2})(?:[-/.](?P<last>\d{1,4}))?"
DATES = {
    "numeric": (NUMERIC + AFTER_DATE,),
    "named": (
        rf"{WEEKDAY}{DAY_OF}[-/ .]+{NAME},?[-/ ]+(?P<year>\d{{4}}|\d{{2}})" + AFTER_DATE,
        rf"{WEEKDAY}{NAME}[ -]+{DAY_OF},?[ -]+(?P<year>\d{{4}})" + AFTER_DATE,
        rf"{NAME}[-/ ]+(?P<year>\d{{4}})",
    ),
    "clock": (CLOCK,),
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Two digits from here on are a year of the twentieth century, as POSIX has it.
FIRST_OF_1900S = 69
YEAR_DIGITS = 4
NOON = 12
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone
#: Times that differ by less, in seconds, are equal: rounding of float64.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Moment:
    """A number, or seconds since 1970 UTC of a date."""

    value: float
    #: How a cell writes it: `number`, `day`, `time`, `zoned` for a time with an offset from UTC,
    #: `clock`, `epoch_s` or `epoch_ms`.
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
        if self.form in {"number", "epoch_s"}:
            return value
        if self.form == "epoch_ms":
            return value * 1000
        date = self._date_of(value)
        if self.form == "clock":
            return date.time().isoformat()
        if self.form == "day" and (date.hour, date.minute, date.second) == (0, 0, 0):
            return date.date().isoformat()
        has_zone = self.form == "zoned" or self.zone
        return (date if has_zone else date.replace(tzinfo=None)).isoformat()


def read_moment(cell: str, form: str) -> Moment:
    """Reads a date of one of the forms, or of a pattern of strptime.

    Raises ValueError or OverflowError for a cell that is none.
    """
    match form:
        case "iso":
            return iso_moment(cell)
        case "epoch_s" | "epoch_ms":
            if not NUMBER.fullmatch(cell):
                raise ValueError(cell)
            return Moment(float(cell) / (1000 if form == "epoch_ms" else 1), form)
        case "eight_digits":
            return moment_of(datetime.strptime(cell, "%Y%m%d"), "day")  # noqa: DTZ007
        case "year_first" | "day_first" | "month_first" | "named" | "clock":
            return moment_of_parts(cell, form)
        case _:
            parsed = datetime.strptime(cell, form)  # noqa: DTZ007 - a pattern may have a zone
            has_clock = any(part in form for part in ("%H", "%I", "%T", "%R"))
            return moment_of(parsed, "time" if has_clock else "day")


def iso_moment(cell: str) -> Moment:
    if NUMBER.fullmatch(cell) and not DAY.fullmatch(cell):
        raise ValueError(cell)
    iso = re.sub(r"-(\d)(?!\d)", r"-0\1", cell.replace("/", "-"))
    parsed = datetime.fromisoformat(iso + "-01" * bool(MONTH.fullmatch(iso)))
    return moment_of(parsed, "day" if DAY.fullmatch(iso) or MONTH.fullmatch(iso) else "time")


def moment_of(parsed: datetime, form: str) -> Moment:
    if parsed.tzinfo:
        return Moment(parsed.timestamp(), "zoned")
    return Moment(parsed.replace(tzinfo=UTC).timestamp(), form)


def moment_of_parts(cell: str, form: str) -> Moment:
    """Reads a date by the parts that one of the patterns finds. Raises ValueError."""
    patterns = DATES["numeric" if form.endswith("_first") else form]
    found = next(filter(None, (re.fullmatch(each, cell, re.ASCII) for each in patterns)), None)
    if found is None:
        raise ValueError(cell)
    parts = {name: part or "" for name, part in found.groupdict().items()}
    clock = clock_of(parts)
    if form == "clock":
        return moment_of(EPOCH + clock, "clock")
    parsed = day_of(parts, form) + clock
    zone = parts.get("zone")
    if zone:
        return moment_of(parsed.replace(tzinfo=offset_of(zone)), "zoned")
    return moment_of(parsed, "time" if parts.get("hour") else "day")


def day_of(parts: dict[str, str], form: str) -> datetime:
    if form == "named":
        name = parts["name"].lower()
        place = MONTHS.index(name[:3]) + 1
        if name not in {MONTHS[place - 1], calendar.month_name[place].lower(), "sept"}:
            raise ValueError(name)
        return datetime(year_of(parts["year"]), place, int(parts.get("day") or 1))  # noqa: DTZ001
    first, middle, last = (parts[name] for name in ("first", "middle", "last"))
    if form == "year_first":
        if len(first) != YEAR_DIGITS:
            raise ValueError(first)
        return datetime(int(first), int(middle), int(last or 1))  # noqa: DTZ001
    if len(first) > 2:  # noqa: PLR2004 - digits of a day
        raise ValueError(first)
    day, month = (first, middle) if form == "day_first" else (middle, first)
    return datetime(year_of(last), int(month), int(day))  # noqa: DTZ001


def year_of(digits: str) -> int:
    if len(digits) not in {2, YEAR_DIGITS}:
        raise ValueError(digits)
    year = int(digits)
    if len(digits) == YEAR_DIGITS:
        return year
    return year + (2000 if year < FIRST_OF_1900S else 1900)


def clock_of(parts: dict[str, str]) -> timedelta:
    """The time of day; an hour alone is one only with AM or PM."""
    if not parts.get("hour"):
        return timedelta()
    hour, half = int(parts["hour"]), parts["half"].lower()
    minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
    is_valid = 1 <= hour <= NOON if half else bool(parts["minute"]) and hour < 2 * NOON
    if not is_valid or max(minute, second) > 59:  # noqa: PLR2004 - a clock
        raise ValueError(parts["hour"])
    if half:
        hour = hour % NOON + NOON * half.startswith("p")
    micros = int(parts["fraction"][:6].ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def offset_of(zone: str) -> timezone:
    if zone[0] not in "+-":
        return UTC
    digits = zone[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-ahead if zone[0] == "-" else ahead)


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
