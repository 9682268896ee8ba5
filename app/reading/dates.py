"""Columns of dates and times in the ways in which people write them, as seconds since 1970 UTC.

Legend: n rows of a column that have a value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.domain.errors import InvalidData
from app.domain.tables import Column, ColumnType
from app.reading.cells import Cells, all_match
from app.reading.date_parts import YEAR_DIGITS, IntArray, micros_of
from app.reading.dated_texts import DatedChunk, cut_clocks
from app.reading.day_order import day_order
from app.reading.patterns import (
    CLOCK,
    COMPACT,
    DAY_MONTH,
    MONTH_DAY,
    MONTH_YEAR,
    NUMERIC_DATE,
    NUMERIC_MONTH,
    PYTHON_DATES,
    QUARTER_YEAR,
    WEEK,
    YEAR_NAME,
    YEAR_QUARTER,
)
from app.reading.plain import join_missing, missing_of, seconds_of

#: Values of the option `date_format` that are no pattern.
NOT_PATTERNS = frozenset(
    {"auto", "iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "none", "%Y%m%d"}
)
TIME_OF_DAY = "time of day"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Months with two digits, each of which can be a day.
_SHORT_YEAR = r"^[^0-9]+(?:0[1-9]|[12][0-9]|3[01])$"
_NAMED = "date with the name of its month"
_QUARTER = "first day of a quarter"
_READ_AS = {
    CLOCK: TIME_OF_DAY,
    DAY_MONTH: _NAMED,
    MONTH_DAY: _NAMED,
    YEAR_NAME: _NAMED,
    MONTH_YEAR: "first day of a month",
    NUMERIC_MONTH: "first day of a month",
    WEEK: "week of ISO 8601",
    YEAR_QUARTER: _QUARTER,
    QUARTER_YEAR: _QUARTER,
    COMPACT: "date and time in digits alone",
}
#: Cells that are tried before all of them are.
PROBED_CELLS = 50
#: Day before a clock, so that the two are read as a date.
_NO_DAY = "1970-01-01"


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
            return _of_pattern(cells, probed, pattern, day_first=day_first)
    return None


def _of_pattern(
    cells: Cells, probed: Sequence[str], pattern: str, *, day_first: bool | None
) -> Moments | None:
    is_year_first = probed[0][:YEAR_DIGITS].isdecimal()
    is_numeric = pattern == NUMERIC_DATE and not is_year_first
    if is_numeric and any(len(_last(cell)) not in {2, YEAR_DIGITS} for cell in probed):
        return None
    if pattern == MONTH_YEAR:
        _ask_for_year(cells)
    chunks = list(cut_clocks(cells, probed, pattern))
    # a column that is text later on is no reason to ask about its first rows
    if is_numeric and not all(_are_dates(chunk) for chunk in chunks):
        return None
    order = day_order(chunks, cells.name, day_first=day_first) if is_numeric else None
    if is_numeric and order is None:
        return None
    return _moments(chunks, pattern, is_year_first=is_year_first, order=order)


def _ask_for_year(cells: Cells) -> None:
    """Raises InvalidData where all cells are like Jan-20, a month of a year or a day of a month."""
    if not all_match(cells, _SHORT_YEAR):
        return
    row, cell = cells.row_of(lambda chunk: chunk.is_valid())
    detail = f"row {row}, column {cells.name!r}: is the number in {cell!r} a year or a day? Say "
    detail += "date_format=%b-%y, with what stands between the two, for a year, and "
    detail += "date_format=none for neither"
    raise InvalidData.at(f"row/{row}/{cells.name}", detail, code="ambiguous_date")


def _are_dates(chunk: DatedChunk) -> bool:
    _, days = chunk.days
    clocks = pc.binary_join_element_wise(_NO_DAY, chunk.clocks[1], "")
    return all(
        pc.all(pc.match_substring_regex(texts, NUMERIC_DATE)).as_py() is not False
        for texts in (days, clocks)
    )


def _last(cell: str) -> str:
    """Returns the third number of a date, or what stands in its place."""
    found = PYTHON_DATES[NUMERIC_DATE].fullmatch(cell)
    return "" if found is None else found["last"] or ""


def parse_moments(cells: Cells, pattern: str) -> Moments | None:
    """Returns the moments of cells that all have the format `pattern`; None where one has not."""
    texts = pa.chunked_array(cells.chunks, type=pa.string()).drop_null()
    if "%f" in pattern:
        return _parse_fractions(texts, pattern)
    try:
        found = pc.strptime(texts, pattern, "us", error_is_null=True)
    except pa.ArrowInvalid:
        return None
    if found.null_count or not len(texts):
        return None
    micros_n = found.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return Moments(micros_n=micros_n, read_as=f"date, {pattern}")


def _parse_fractions(texts: pa.ChunkedArray, pattern: str) -> Moments | None:
    """Reads texts with fractions of a second, which pyarrow does not, one after the other."""
    micros_n = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts.to_pylist()):
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - as the pattern says
        except (ValueError, re.error):
            return None
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
        micros_n[row] = since // timedelta(microseconds=1)
    return Moments(micros_n=micros_n, read_as=f"date, {pattern}") if len(texts) else None


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
    chunks: Sequence[DatedChunk],
    pattern: str,
    *,
    is_year_first: bool,
    order: tuple[bool, str] | None,
) -> Moments | None:
    """Reads each distinct day and clock of a chunk once."""
    pieces: list[IntArray] = []
    for chunk in chunks:
        used, days = chunk.days
        days_d = micros_of(days, pattern, is_year_first=is_year_first, order=order)
        is_filled_n = chunk.days_n >= 0
        if days_d is None:
            return None
        micros_n = _spread(days_d, used, chunk)[chunk.days_n[is_filled_n]]
        if chunk.clocks_n is not None:
            used, clocks = chunk.clocks
            dated = pc.binary_join_element_wise(_NO_DAY, clocks, "")
            clocks_d = micros_of(dated, NUMERIC_DATE, is_year_first=True, order=None)
            if clocks_d is None:
                return None
            micros_n += _spread(clocks_d, used, chunk)[chunk.clocks_n[is_filled_n]]
        pieces.append(micros_n)
    read_as = _read_as(pattern, order)
    return Moments(micros_n=np.concatenate(pieces), read_as=read_as, day_first=order)


def _spread(micros_d: IntArray, used: NDArray[np.intp], chunk: DatedChunk) -> IntArray:
    spread_d = np.zeros(len(chunk.texts), dtype=np.int64)
    spread_d[used] = micros_d
    return spread_d


def _read_as(pattern: str, order: tuple[bool, str] | None) -> str:
    if pattern in _READ_AS:
        return _READ_AS[pattern]
    if order is None:
        return "date, year first"
    return "date, day before month" if order[0] else "date, month before day"
