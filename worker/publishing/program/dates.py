"""Dates and times in the forms that an upload may have."""

import re
from datetime import UTC, datetime, timedelta, timezone

from worker.publishing.program.times import EPOCHS, NUMBER, Moment

MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
HALF = r" *(?P<half>[AaPp]\.?[Mm]\.?)?"
SECONDS = r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
CLOCK = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){SECONDS}{HALF}"
ZONE = r" *(?P<zone>Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?"
AFTER_DATE = (
    rf"(?:(?:T|_| +|, *)(?P<hour>\d{{1,2}})(?::(?P<minute>\d{{2}}))?{SECONDS}{HALF})?{ZONE}"
)
WEEKDAY, NAME = r"(?:[A-Za-z]{3,9}\.?,? +)?", r"(?P<name>[A-Za-z\u00c0-\u00ff]{3,10})\.?"
DAY_OF = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
COMPACT = (
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[T _](?P<hour>\d{2}):?(?P<minute>\d{2})"
    r"(?::?(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?(?P<half>)"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
#: Form -> patterns of its cells.
DATES = {
    "numeric": (
        r"(?P<first>\d{1,4})[-/.](?P<middle>\d{1,2})(?:[-/.](?P<last>\d{1,4}))?" + AFTER_DATE,
    ),
    "named": (
        rf"{WEEKDAY}{DAY_OF}[-/ .]+{NAME},?[-/ ]+(?P<year>\d{{4}}|\d{{2}})" + AFTER_DATE,
        rf"{WEEKDAY}{NAME}[ -]+{DAY_OF},?[ -]+(?P<year>\d{{4}})" + AFTER_DATE,
        rf"(?P<year>\d{{4}})[-/ ]+{NAME}(?:[-/ ]+(?P<day>\d{{1,2}}))?" + AFTER_DATE,
    ),
    "month": (
        rf"{NAME}[-/ ]+(?P<year>\d{{4}}|\d{{2}})",
        r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})",
    ),
    "week": (r"(?P<year>\d{4})-?W(?P<week>\d{2})(?:-?(?P<day>[1-7]))?",),
    "quarter": (
        r"(?P<year>\d{4})[- ]?[Qq](?P<quarter>[1-4])",
        r"[Qq](?P<quarter>[1-4])[-/ ]?(?P<year>\d{4})",
    ),
    "compact": (COMPACT,),
    "clock": (CLOCK,),
}
#: Whole numbers that are dates: form -> pattern of strptime.
DIGITS = {
    "digits_6": "%Y%m",
    "digits_8": "%Y%m%d",
    "digits_10": "%Y%m%d%H",
    "digits_12": "%Y%m%d%H%M",
    "digits_14": "%Y%m%d%H%M%S",
}
#: Full names of the months in each language.
MONTH_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
)
#: Two digits from here on are a year of the twentieth century, as POSIX has it.
FIRST_OF_1900S = 69
YEAR_DIGITS = 4
NOON = 12
MIDNIGHT = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone


def month_numbers() -> dict[str, int]:
    """Name in lower case, or its first three letters -> month, from 1."""
    found = {}
    for names in MONTH_NAMES:
        for number, name in enumerate(names.split(), start=1):
            # whose first letters are those of another month, too
            short = name if name in {"juin", "juillet"} else name[:3]
            found[name] = found[short] = number
    others = (("sept", 9), ("janv", 1), ("févr", 2), ("fevr", 2), ("avr", 4), ("juil", 7))
    more = (("mrt", 3), ("fevrier", 2), ("aout", 8), ("decembre", 12), ("marco", 3))
    return {**found, **dict(others), **dict(more)}


MONTHS = month_numbers()


def read_moment(cell: str, form: str) -> Moment:
    """Reads a date of one of the forms, or of a pattern of strptime.

    Raises ValueError or OverflowError for a cell that is none.
    """
    if form == "iso":
        return iso_moment(cell)
    if form in EPOCHS:
        if not NUMBER.fullmatch(cell):
            raise ValueError(cell)
        return Moment(float(cell) / EPOCHS[form], form)
    if form in DIGITS:
        if len(cell) != int(form.removeprefix("digits_")) or not cell.isdecimal():
            raise ValueError(cell)
        kind = "day" if form in {"digits_6", "digits_8"} else "time"
        return moment_of(datetime.strptime(cell, DIGITS[form]), kind)  # noqa: DTZ007
    if form in DATES or form.endswith("_first"):
        return moment_of_parts(cell, form)
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
        return moment_of(MIDNIGHT + clock, "clock")
    parsed = day_of(parts, form) + clock
    zone = parts.get("zone")
    if zone:
        return moment_of(parsed.replace(tzinfo=offset_of(zone)), "zoned")
    return moment_of(parsed, "time" if parts.get("hour") else "day")


def day_of(parts: dict[str, str], form: str) -> datetime:
    """The day, or the first one of a week, a month or a quarter. Raises ValueError."""
    if form == "week":
        year, week, day = (int(parts[name] or 1) for name in ("year", "week", "day"))
        return datetime.fromisocalendar(year, week, day)
    if not form.endswith("_first"):
        return datetime(year_of(parts["year"]), month_of(parts), int(parts.get("day") or 1))  # noqa: DTZ001
    first, middle, last = (parts[name] for name in ("first", "middle", "last"))
    if form == "year_first":
        if len(first) != YEAR_DIGITS:
            raise ValueError(first)
        return datetime(int(first), int(middle), int(last or 1))  # noqa: DTZ001
    if len(first) > 2:  # noqa: PLR2004 - digits of a day
        raise ValueError(first)
    day_digits, month_digits = (first, middle) if form == "day_first" else (middle, first)
    return datetime(year_of(last), int(month_digits), int(day_digits))  # noqa: DTZ001


def month_of(parts: dict[str, str]) -> int:
    if parts.get("name"):
        found = MONTHS.get(parts["name"].lower())
        if found is None:
            raise ValueError(parts["name"])
        return found
    return int(parts["month"]) if parts.get("month") else 3 * int(parts["quarter"]) - 2


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
