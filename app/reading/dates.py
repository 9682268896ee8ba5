"""Columns of dates and times in the ways in which people write them, as seconds since 1970 UTC.

Legend: n rows of a column that have a value.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.domain.tables import Column, ColumnType
from app.reading.cells import Cells, all_match
from app.reading.day_order import day_order
from app.reading.patterns import CLOCK, NUMERIC_DATE, PYTHON_DATES
from app.reading.plain import join_missing, missing_of, seconds_of

#: Values of the option `date_format` that are no pattern.
NOT_PATTERNS = frozenset({"auto", "iso", "epoch_s", "epoch_ms", "none", "%Y%m%d"})
TIME_OF_DAY = "time of day"
#: Cells that are tried before all of them are.
PROBED_CELLS = 50
#: Rows whose parts are held at a time.
PIECE_ROWS = 2**16
#: Two digits from here on are a year of the twentieth century, as POSIX has it.
FIRST_OF_1900S = 69
MONTHS_OF_YEAR = 12
_DAYS_OF_FEBRUARY = 28
_YEAR_DIGITS = 4
_NOON = 12
_MONTHS = {
    name: number
    for number, full in enumerate(
        (
            *("january", "february", "march", "april", "may", "june", "july", "august"),
            *("september", "october", "november", "december"),
        ),
        start=1,
    )
    for name in (full, full[:3], "sept" if full == "september" else full)
}
IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """(n,) microseconds since 1970 of the cells that have a value, and how they were understood."""

    micros_n: IntArray
    read_as: str
    #: Whether the day stands before the month, where that had to be told, and what tells it.
    day_first: tuple[bool, str] | None = None


def find_moments(cells: Cells, *, day_first: bool | None) -> Moments | None:
    """Returns the moments of a column of dates; None where a cell is no date.

    Raises InvalidData where no row decides between two readings of the dates.
    """
    probed = cells.filled(PROBED_CELLS)
    if not probed:
        return None
    for pattern, regex in PYTHON_DATES.items():
        if all(regex.fullmatch(cell) for cell in probed):
            is_year_first = probed[0][:_YEAR_DIGITS].isdecimal()
            order: tuple[bool, str] | None = None
            if pattern == NUMERIC_DATE and not is_year_first:
                if any(len(_last(cell)) not in {2, _YEAR_DIGITS} for cell in probed):
                    return None
                # a column that is text later on is no reason to ask about its first rows
                if not all_match(cells, pattern):
                    return None
                order = day_order(cells, day_first=day_first)
                if order is None:
                    return None
            return _moments(cells, pattern, is_year_first=is_year_first, order=order)
    return None


def _last(cell: str) -> str:
    """Returns the third number of a date, or what stands in its place."""
    found = PYTHON_DATES[NUMERIC_DATE].fullmatch(cell)
    return "" if found is None else found["last"] or ""


def parse_moments(cells: Cells, pattern: str) -> Moments | None:
    """Returns the moments of cells that all have the format `pattern`; None where one has not."""
    texts = pa.chunked_array(cells.chunks, type=pa.string()).drop_null()
    try:
        found = pc.strptime(texts, pattern, "us", error_is_null=True)
    except pa.ArrowInvalid:
        return None
    if found.null_count or not len(texts):
        return None
    micros_n = found.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return Moments(micros_n=micros_n, read_as=f"date, {pattern}")


def moments_column(cells: Cells, found: Moments) -> Column:
    """Returns the column of dates with these moments where a cell has a value."""
    missing = [missing_of(chunk) for chunk in cells.chunks]
    missing_N = join_missing(missing, [len(chunk) for chunk in cells.chunks])
    micros_N = found.micros_n
    if missing_N is not None:
        micros_N = np.zeros(missing_N.shape, dtype=np.int64)
        micros_N[~missing_N] = found.micros_n
    return Column(
        name=cells.name,
        type=ColumnType.DATE,
        numbers=seconds_of(micros_N),
        missing_N=missing_N,
        read_as=found.read_as,
    )


def _moments(
    cells: Cells, pattern: str, *, is_year_first: bool, order: tuple[bool, str] | None
) -> Moments | None:
    """Reads the cells piece by piece, since the parts of a date take many times its memory."""
    pieces: list[IntArray] = []
    for chunk in cells.chunks:
        for start in range(0, len(chunk), PIECE_ROWS):
            parts = _parts(chunk[start : start + PIECE_ROWS].drop_null(), pattern)
            days_n = None if parts is None else _days(parts, pattern, is_year_first, order)
            clock_n = None if parts is None else _clock(parts)
            if parts is None or days_n is None or clock_n is None:
                return None
            pieces.append(days_n * 86_400 * 10**6 + clock_n - _ahead_of_utc(parts))
    read_as = _read_as(pattern, order)
    return Moments(micros_n=np.concatenate(pieces), read_as=read_as, day_first=order)


def _read_as(pattern: str, order: tuple[bool, str] | None) -> str:
    if pattern == CLOCK:
        return TIME_OF_DAY
    if pattern != NUMERIC_DATE:
        return "date with the name of its month"
    if order is None:
        return "date, year first"
    return "date, day before month" if order[0] else "date, month before day"


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
    if pattern == CLOCK:
        return np.zeros(len(parts["hour"]), dtype=np.int64)
    if pattern != NUMERIC_DATE:
        return _named(parts)
    first_n, middle_n, last_n = (_whole(parts[name]) for name in ("first", "middle", "last"))
    first_digits_n, last_digits_n = (
        pc.utf8_length(parts[name]).to_numpy() for name in ("first", "last")
    )
    if is_year_first:
        if (first_digits_n != _YEAR_DIGITS).any():
            return None
        return days_since_1970(first_n, middle_n, np.where(last_digits_n > 0, last_n, 1))
    if not ((first_digits_n <= 2) & np.isin(last_digits_n, (2, _YEAR_DIGITS))).all():  # noqa: PLR2004 - a day
        return None
    year_n = np.where(last_digits_n == 2, _century(last_n), last_n)  # noqa: PLR2004 - digits
    is_day_first = order is not None and order[0]
    day_n, month_n = (first_n, middle_n) if is_day_first else (middle_n, first_n)
    return days_since_1970(year_n, month_n, day_n)


def _named(parts: dict[str, pa.StringArray]) -> IntArray | None:
    lowered = pc.utf8_lower(parts["name"]).dictionary_encode()
    numbers = [_MONTHS.get(name, 0) for name in lowered.dictionary.to_pylist()]
    month_n = np.array(numbers, dtype=np.int64)[lowered.indices.to_numpy()]
    year_n = _whole(parts["year"])
    year_n = np.where(pc.utf8_length(parts["year"]).to_numpy() == 2, _century(year_n), year_n)  # noqa: PLR2004 - digits
    day_n = _whole(parts["day"]) if "day" in parts else np.ones_like(year_n)
    return days_since_1970(year_n, month_n, day_n)


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
    if (hour_n > 23).any() or (minute_n > 59).any() or (second_n > 59).any():  # noqa: PLR2004 - clock
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
