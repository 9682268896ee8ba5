"""The parts of texts that are dates, and the moments that they make. A moment is in microseconds.

Legend: n texts.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.reading.month_names import MONTHS
from app.reading.patterns import (
    CLOCK,
    COMPACT,
    NUMERIC_DATE,
    NUMERIC_MONTH,
    QUARTER_YEAR,
    WEEK,
    YEAR_QUARTER,
)

#: Rows whose parts are held at a time.
PIECE_ROWS = 2**16
#: Two digits from here on are a year of the twentieth century, as POSIX has it.
FIRST_OF_1900S = 69
MONTHS_OF_YEAR = 12
_DAYS_OF_FEBRUARY = 28
YEAR_DIGITS = 4
SECONDS_OF_DAY = 86_400
_NOON = 12
IntArray = NDArray[np.int64]
_BY_NUMBERS = frozenset({NUMERIC_MONTH, YEAR_QUARTER, QUARTER_YEAR, COMPACT})


def micros_of(
    texts: pa.StringArray, pattern: str, *, is_year_first: bool, order: tuple[bool, str] | None
) -> IntArray | None:
    """Returns microseconds since 1970; None where a text is no date.

    Reads piece by piece, since the parts of a date take many times its memory.
    """
    pieces = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(texts), PIECE_ROWS):
        parts = _parts(texts[start : start + PIECE_ROWS], pattern)
        days_n = None if parts is None else _days(parts, pattern, is_year_first, order)
        clock_n = None if parts is None else _clock(parts)
        if parts is None or days_n is None or clock_n is None:
            return None
        pieces.append(days_n * 86_400 * 10**6 + clock_n - _ahead_of_utc(parts))
    return np.concatenate(pieces)


def _parts(texts: pa.StringArray, pattern: str) -> dict[str, pa.StringArray] | None:
    """Returns the named parts of dates; None where one does not match."""
    found = pc.extract_regex(texts, pattern)
    if found.null_count:
        return None
    return {field.name: found.field(index) for index, field in enumerate(found.type)}


def _days(
    parts: dict[str, pa.StringArray],
    pattern: str,
    is_year_first: bool,  # noqa: FBT001 - as the caller found it
    order: tuple[bool, str] | None,
) -> IntArray | None:
    """Returns days since 1970; None where one of the dates does not exist."""
    if pattern != NUMERIC_DATE:
        return _other_days(parts, pattern)
    first_n, middle_n, last_n = (_whole(parts[name]) for name in ("first", "middle", "last"))
    first_digits_n, last_digits_n = (
        pc.utf8_length(parts[name]).to_numpy() for name in ("first", "last")
    )
    if is_year_first:
        if (first_digits_n != YEAR_DIGITS).any():
            return None
        return days_since_1970(first_n, middle_n, np.where(last_digits_n > 0, last_n, 1))
    if not ((first_digits_n <= 2) & np.isin(last_digits_n, (2, YEAR_DIGITS))).all():  # noqa: PLR2004 - a day
        return None
    year_n = np.where(last_digits_n == 2, _century(last_n), last_n)  # noqa: PLR2004 - digits
    is_day_first = order is not None and order[0]
    day_n, month_n = (first_n, middle_n) if is_day_first else (middle_n, first_n)
    return days_since_1970(year_n, month_n, day_n)


def _other_days(parts: dict[str, pa.StringArray], pattern: str) -> IntArray | None:
    if pattern == CLOCK:
        return np.zeros(len(parts["hour"]), dtype=np.int64)
    if pattern == WEEK:
        return _weeks(parts)
    return _by_numbers(parts) if pattern in _BY_NUMBERS else _named(parts)


def _named(parts: dict[str, pa.StringArray]) -> IntArray | None:
    lowered = pc.utf8_lower(parts["name"]).dictionary_encode()
    numbers = [MONTHS.get(name, 0) for name in lowered.dictionary.to_pylist()]
    month_n = np.array(numbers, dtype=np.int64)[lowered.indices.to_numpy()]
    year_n = _whole(parts["year"])
    year_n = np.where(pc.utf8_length(parts["year"]).to_numpy() == 2, _century(year_n), year_n)  # noqa: PLR2004 - digits
    return days_since_1970(year_n, month_n, _days_of_month(parts))


def _days_of_month(parts: dict[str, pa.StringArray]) -> IntArray:
    """Returns days of the month; the first where a date names none."""
    if "day" not in parts:
        return np.ones(len(parts["year"]), dtype=np.int64)
    return np.where(pc.utf8_length(parts["day"]).to_numpy() > 0, _whole(parts["day"]), 1)


def _by_numbers(parts: dict[str, pa.StringArray]) -> IntArray | None:
    """Returns the days of dates in which only the year has four digits."""
    month_n = _whole(parts["month"]) if "month" in parts else _whole(parts["quarter"]) * 3 - 2
    return days_since_1970(_whole(parts["year"]), month_n, _days_of_month(parts))


def _weeks(parts: dict[str, pa.StringArray]) -> IntArray | None:
    """Returns the days of weeks of ISO 8601, Mondays where no day is named."""
    year_n, week_n = _whole(parts["year"]), _whole(parts["week"])
    first_n, next_n = _first_monday(year_n), _first_monday(year_n + 1)
    if first_n is None or next_n is None:
        return None
    days_n = first_n + 7 * (week_n - 1)
    if (week_n < 1).any() or (days_n >= next_n).any():
        return None
    return days_n + _days_of_month(parts) - 1


def _first_monday(year_n: IntArray) -> IntArray | None:
    """Returns the Monday of the week that has the fourth of January."""
    fourth_n = days_since_1970(year_n, np.ones_like(year_n), np.full_like(year_n, 4))
    # the first day of 1970 was a Thursday
    return None if fourth_n is None else fourth_n - (fourth_n + 3) % 7


def _century(year_n: IntArray) -> IntArray:
    return np.where(year_n < FIRST_OF_1900S, 2000 + year_n, 1900 + year_n)


def days_since_1970(year_n: IntArray, month_n: IntArray, day_n: IntArray) -> IntArray | None:
    """Returns days since 1970; None where one of the dates does not exist."""
    is_valid_n = (year_n >= 1) & (month_n >= 1) & (month_n <= MONTHS_OF_YEAR) & (day_n >= 1)
    if not is_valid_n.all():
        return None
    months_n = ((year_n - 1970) * MONTHS_OF_YEAR + month_n - 1).astype("datetime64[M]")
    first_days_n = months_n.astype("datetime64[D]").astype(np.int64)
    late_n = np.flatnonzero(day_n > _DAYS_OF_FEBRUARY)
    following_n = (months_n[late_n] + 1).astype("datetime64[D]").astype(np.int64)
    if (day_n[late_n] > following_n - first_days_n[late_n]).any():
        return None
    return first_days_n + day_n - 1


def _clock(parts: dict[str, pa.StringArray]) -> IntArray | None:
    """Returns microseconds since midnight; None where one of the times does not exist."""
    if "hour" not in parts:
        return np.zeros(len(parts["year"]), dtype=np.int64)
    hour_n, minute_n, second_n = (_whole(parts[name]) for name in ("hour", "minute", "second"))
    # 24:00 is the midnight at the end of the day
    if (hour_n * 3600 + minute_n * 60 + second_n > SECONDS_OF_DAY).any():
        return None
    if (minute_n > 59).any() or (second_n > 59).any():  # noqa: PLR2004 - clock
        return None
    half = pc.utf8_lower(parts["half"])
    has_half_n = pc.utf8_length(half).to_numpy() > 0
    if has_half_n.any():
        if ((hour_n[has_half_n] > _NOON) | (hour_n[has_half_n] < 1)).any():
            return None
        is_late_n = pc.starts_with(half, "p").to_numpy(zero_copy_only=False)
        hour_n = np.where(has_half_n, hour_n % _NOON + _NOON * is_late_n, hour_n)
    elif _has_hour_alone(parts):
        return None
    fraction_n = _whole(pc.utf8_rpad(parts["fraction"], 6, "0"), digits=6)
    return (hour_n * 3600 + minute_n * 60 + second_n) * 10**6 + fraction_n


def _has_hour_alone(parts: dict[str, pa.StringArray]) -> bool:
    """Whether a cell has an hour without minutes, which is a time only with AM or PM."""
    is_alone_n = (pc.utf8_length(parts["hour"]).to_numpy() > 0) & (
        pc.utf8_length(parts["minute"]).to_numpy() == 0
    )
    return bool(is_alone_n.any())


def _ahead_of_utc(parts: dict[str, pa.StringArray]) -> IntArray | int:
    """Returns microseconds ahead of UTC of the cells that name a zone, and 0 of others."""
    if "zone" not in parts:
        return 0
    encoded = parts["zone"].dictionary_encode()
    ahead = np.array([_ahead(zone) for zone in encoded.dictionary.to_pylist()], dtype=np.int64)
    ahead_n: IntArray = ahead[encoded.indices.to_numpy()]
    return ahead_n


def _ahead(zone: str) -> int:
    if not zone.startswith(("+", "-")):
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return (-seconds if zone.startswith("-") else seconds) * 10**6


def _whole(texts: pa.StringArray, *, digits: int | None = None) -> IntArray:
    """Returns whole numbers; an empty text is 0."""
    if digits is not None:
        texts = pc.utf8_slice_codeunits(texts, 0, digits)
    padded = pc.utf8_lpad(texts, 1, "0")
    numbers: IntArray = pc.cast(padded, pa.int64()).to_numpy()
    return numbers
