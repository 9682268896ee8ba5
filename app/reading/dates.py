"""Columns of dates and times in the ways in which people write them, as seconds since 1970 UTC.

Whether 1/2/2020 is in January or February is settled by a row that allows one reading only, or by
the option `day_first`. It is never guessed.
Legend: n rows of a column that have a value.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.domain.errors import InvalidData
from app.domain.tables import Column, ColumnType
from app.reading.cells import Cells
from app.reading.patterns import CLOCK, NUMERIC_DATE, PYTHON_DATES
from app.reading.plain import join_missing, missing_of, seconds_of

#: Values of the option `date_format` that are no pattern.
NOT_PATTERNS = frozenset({"auto", "iso", "epoch_s", "epoch_ms", "none", "%Y%m%d"})
TIME_OF_DAY = "time of day"
#: Cells that are tried before all of them are.
PROBED_CELLS = 50
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
            parts = _parts(cells, pattern)
            return None if parts is None else _moments(cells, pattern, parts, day_first=day_first)
    return None


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


def _parts(cells: Cells, pattern: str) -> dict[str, pa.StringArray] | None:
    """Returns the named parts of the cells that have a value; None where one does not match."""
    texts = pa.chunked_array(cells.chunks, type=pa.string()).drop_null()
    found = pc.extract_regex(texts, pattern)
    if found.null_count:
        return None
    whole = pa.concat_arrays(found.chunks)
    return {field.name: whole.field(index) for index, field in enumerate(whole.type)}


def _moments(
    cells: Cells, pattern: str, parts: dict[str, pa.StringArray], *, day_first: bool | None
) -> Moments | None:
    decided: tuple[bool, str] | None = None
    if pattern == NUMERIC_DATE:
        dated = _numeric(cells, parts, day_first=day_first)
        if dated is None:
            return None
        days_n, read_as, decided = dated
    elif pattern == CLOCK:
        days_n, read_as = np.zeros(len(parts["hour"]), dtype=np.int64), TIME_OF_DAY
    else:
        named = _named(parts)
        if named is None:
            return None
        days_n, read_as = named, "date with the name of its month"
    clock_n = _clock(parts)
    if clock_n is None:
        return None
    micros_n = days_n * 86_400 * 10**6 + clock_n - _ahead_of_utc(parts)
    return Moments(micros_n=micros_n, read_as=read_as, day_first=decided)


def _numeric(
    cells: Cells, parts: dict[str, pa.StringArray], *, day_first: bool | None
) -> tuple[IntArray, str, tuple[bool, str] | None] | None:
    first_n, middle_n, last_n = (_whole(parts[name]) for name in ("first", "middle", "last"))
    num_digits_n = pc.utf8_length(parts["first"]).to_numpy()
    if (num_digits_n == _YEAR_DIGITS).all():
        has_day_n = pc.utf8_length(parts["last"]).to_numpy() > 0
        days_n = days_since_1970(first_n, middle_n, np.where(has_day_n, last_n, 1))
        return None if days_n is None else (days_n, "date, year first", None)
    last_digits_n = pc.utf8_length(parts["last"]).to_numpy()
    if not ((num_digits_n <= 2) & np.isin(last_digits_n, (2, _YEAR_DIGITS))).all():  # noqa: PLR2004 - a day
        return None
    year_n = np.where(last_digits_n == 2, _century(last_n), last_n)  # noqa: PLR2004 - digits
    order = _order(cells, first_n, middle_n, day_first=day_first)
    if order is None:
        return None
    day_n, month_n = (first_n, middle_n) if order[0] else (middle_n, first_n)
    days_n = days_since_1970(year_n, month_n, day_n)
    read_as = "date, day before month" if order[0] else "date, month before day"
    return None if days_n is None else (days_n, read_as, order)


def _order(
    cells: Cells, first_n: IntArray, middle_n: IntArray, *, day_first: bool | None
) -> tuple[bool, str] | None:
    """Returns whether days come first and what tells it; None where both or neither can be.

    Raises InvalidData where every row can be read in both ways, or the option does not fit.
    """
    is_day_first_n, is_month_first_n = first_n > MONTHS_OF_YEAR, middle_n > MONTHS_OF_YEAR
    if day_first is not None:
        contrary_n = is_month_first_n if day_first else is_day_first_n
        if contrary_n.any():
            row, cell = _cell(cells, int(np.argmax(contrary_n)))
            detail = f"row {row}, column {cells.name!r}: {cell!r} cannot be read with "
            detail += f"day_first={str(day_first).lower()}"
            raise InvalidData.at(f"row/{row}/{cells.name}", detail, code="not_a_date")
        return day_first, "the request says so"
    if is_day_first_n.any() and is_month_first_n.any():
        return None
    decides_n = is_day_first_n | is_month_first_n
    if decides_n.any():
        row, cell = _cell(cells, int(np.argmax(decides_n)))
        return bool(is_day_first_n.any()), f"row {row} of column {cells.name!r} has {cell!r}"
    differs_n = first_n != middle_n
    if not differs_n.any():
        return True, f"in column {cells.name!r} day and month are equal"
    row, cell = _cell(cells, int(np.argmax(differs_n)))
    detail = (
        f"row {row}, column {cells.name!r}: does the day or the month stand first in {cell!r}? "
    )
    detail += "No row of the column decides it. Say day_first=true or day_first=false"
    raise InvalidData.at(f"row/{row}/{cells.name}", detail, code="ambiguous_date")


def _cell(cells: Cells, place: int) -> tuple[int, str]:
    """Returns row number and text of the cell with this number among those that have a value."""
    row = cells.first_row
    for chunk in cells.chunks:
        filled = len(chunk) - chunk.null_count
        if place < filled:
            where = int(np.flatnonzero(chunk.is_valid().to_numpy(zero_copy_only=False))[place])
            return row + where, chunk[where].as_py()
        place -= filled
        row += len(chunk)
    raise LookupError


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
