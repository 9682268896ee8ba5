"""The type of each column, from all of its cells, and the choices that led to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.domain.compact import MAX_EXACT
from app.domain.errors import InvalidData
from app.domain.reader_options import (
    AUTO,
    MISSING_AMONG_NUMBERS,
    MISSING_CELLS,
    Choice,
    ReaderOptions,
)
from app.domain.tables import Column, ColumnType
from app.reading.buffers import may_be_padded
from app.reading.cells import Cells, all_match
from app.reading.choices import date_choices, number_choices
from app.reading.clocks import are_days, find_day_and_clock, with_clock
from app.reading.dates import (
    NOT_PATTERNS,
    TIME_OF_DAY,
    find_moments,
    moments_column,
    parse_moments,
)
from app.reading.epochs import as_times
from app.reading.numbers import (
    GROUPED,
    PROBED_CELLS,
    Convention,
    NumberTexts,
    decide,
    find_numbers,
    read_numbers,
)
from app.reading.plain import read_plain, read_texts
from app.reading.time_zones import to_utc

#: Distinct cells that stand for no value and are named in the answer.
MAX_NAMED = 20


@dataclass
class MissingCells:
    """Turns cells that stand for no value into None, and keeps which ones occurred."""

    options: ReaderOptions
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        return self.options.na == (AUTO,)

    def always(self, cells: Cells) -> Cells:
        tokens = MISSING_CELLS if self.is_automatic else ("", *self.options.na)
        return self._without(cells, tokens)

    def among_numbers(self, cells: Cells) -> Cells:
        return self._without(cells, MISSING_AMONG_NUMBERS) if self.is_automatic else cells

    def _without(self, cells: Cells, tokens: Sequence[str]) -> Cells:
        values = pa.array(tokens, type=pa.string())
        absent = pa.scalar(None, type=pa.string())

        def change(chunk: pa.StringArray) -> pa.StringArray:
            is_missing = pc.is_in(chunk, value_set=values)
            if not pc.any(is_missing).as_py():
                return chunk
            for token in pc.unique(chunk.filter(is_missing)).to_pylist():
                self.seen.setdefault(token, cells.name)
            return pc.if_else(is_missing, absent, chunk)

        return cells.of(change)

    def choice(self) -> Choice:
        if not self.is_automatic:
            return Choice(value=list(self.options.na), chosen_because="the request says so")
        named = list(self.seen)[:MAX_NAMED]
        shown = ", ".join(f"{token!r} in column {self.seen[token]!r}" for token in named[:3])
        reason = f"these cells hold no value: {shown}" if named else "no cell stands for no value"
        return Choice(value=list(named), chosen_because=reason)


class _Reader:
    """Reads columns one after the other, and settles at the end what one alone cannot tell."""

    def __init__(self, options: ReaderOptions, *, delimiter: str) -> None:
        self._options = options
        self._delimiter = delimiter
        self._missing = MissingCells(options)
        #: Whether days come before months, and what tells it.
        self._day_first: tuple[bool, str] | None = None
        self._found: list[Column | NumberTexts] = []
        #: Columns of days before they were moved to UTC.
        self._days: dict[str, Column] = {}
        self._first_row = 1
        #: First cells of columns of plain numbers, which tell the decimal sign.
        self._plain: list[Cells] = []

    def add(self, cells: Cells) -> None:
        known = self._missing.always(cells.joined())
        column = None if self._is_undecided(known) else read_plain(known)
        if column is None:
            self._found.append(self._other(self._missing.always(known.of(_trimmed))))
            return
        if _is_inexact(column, known):
            self._found.append(_read_identities(known))
            return
        if column.type is ColumnType.NUMBER:
            self._plain.append(replace(known, chunks=(known.chunks[0][:PROBED_CELLS],)))
        self._found.append(self._finished(column, known))

    def columns(self) -> tuple[tuple[Column, ...], dict[str, Choice]]:
        """Returns the columns and the choices. Raises InvalidData where one cannot be made."""
        numbers = [each for each in self._found if isinstance(each, NumberTexts)]
        decision = decide(numbers, self._plain, is_point_open=self._delimiter == ";")
        picked = {each.cells.name: decision.pick(each) for each in numbers}
        columns = tuple(
            each if isinstance(each, Column) else self._settled(each, picked[each.cells.name])
            for each in self._found
        )
        columns = self._with_clock(columns)
        self._refuse_unused_format(columns)
        choices = {
            **number_choices(decision, picked, self._options),
            "na": self._missing.choice(),
            **self._date_choices(columns),
        }
        sentinels = [each for each in self._options.sentinels if each != AUTO]
        reason = "the request says so" if sentinels else "no number stands for no value"
        choices["sentinels"] = Choice(value=list(sentinels), chosen_because=reason)
        return columns, choices

    def _with_clock(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """Adds the times of day of one column to the days of another."""
        local = tuple(self._days.get(column.name, column) for column in columns)
        found = find_day_and_clock(local)
        if found is None:
            return columns
        place, of_clock = found
        joined = with_clock(local[place], local[of_clock])
        if self._options.time_zone != AUTO:
            no_zones = pa.nulls(len(joined.numbers.stored_N), pa.string())
            cells = Cells(name=joined.name, chunks=(no_zones,), first_row=self._first_row)
            joined = to_utc(joined, cells, zone=self._options.time_zone)
        return (*columns[:place], joined, *columns[place + 1 :])

    def _refuse_unused_format(self, columns: Sequence[Column]) -> None:
        """Raises InvalidData where the client gave a pattern of dates and no column has it."""
        date_format = self._options.date_format
        if date_format in {"auto", "iso", "none"}:
            return
        if any(column.type is ColumnType.DATE and column.read_as for column in columns):
            return
        texts = [column for column in columns if column.type is ColumnType.TEXT and column.labels]
        shown = f"; column {texts[0].name!r} has {texts[0].labels[0][:40]!r}" if texts else ""
        detail = f"no column has dates of the format {date_format!r}{shown}"
        raise InvalidData.at("query/date_format", detail, code="not_a_date")

    def _is_undecided(self, cells: Cells) -> bool:
        """Whether the points of a column may group digits; a decimal comma is looked for then."""
        if self._options.decimal == ".":
            return False
        with_point = [cell for cell in cells.filled(PROBED_CELLS) if "." in cell]
        return bool(with_point) and (
            self._options.decimal == "," or all(GROUPED.fullmatch(cell) for cell in with_point)
        )

    def _other(self, trimmed: Cells) -> Column | NumberTexts:
        """Reads a column that is not plain."""
        filled = self._missing.among_numbers(trimmed)
        undecided = self._is_undecided(filled)
        column = None if undecided else read_plain(filled)
        if column is not None:
            return self._finished(column, filled)
        numbers = find_numbers(filled, self._options)
        if numbers is not None:
            return numbers
        dated = self._dates(filled) or (read_plain(filled) if undecided else None)
        if dated is not None:
            return self._finished(dated, filled)
        return read_texts(trimmed)

    def _dates(self, cells: Cells) -> Column | None:
        date_format = self._options.date_format
        if date_format in NOT_PATTERNS:
            if date_format != AUTO:
                return None
            asked = self._options.day_first
            found = find_moments(cells, day_first=None if asked == AUTO else bool(asked))
        else:
            found = parse_moments(cells, date_format)
        if found is None:
            return None
        self._day_first = self._day_first or found.day_first
        return moments_column(cells, found)

    def _settled(self, numbers: NumberTexts, convention: Convention) -> Column:
        return self._finished(read_numbers(numbers, convention), numbers.cells)

    def _finished(self, column: Column, cells: Cells) -> Column:
        """Returns the column with its times in UTC and without sentinels."""
        if column.type is ColumnType.DATE and self._options.date_format == "none":
            return read_texts(cells)
        zone = self._options.time_zone
        if column.type is ColumnType.DATE and zone != AUTO and column.read_as != TIME_OF_DAY:
            if are_days(column):
                self._days[column.name] = column
                self._first_row = cells.first_row
            return to_utc(column, cells, zone=zone)
        sentinels = [float(each) for each in self._options.sentinels if each != AUTO]
        return without_sentinels(as_times(column, self._options.date_format), sentinels)

    def _date_choices(self, columns: Sequence[Column]) -> dict[str, Choice]:
        dates = [column for column in columns if column.type is ColumnType.DATE]
        return date_choices(dates, self._options, self._day_first)


def _trimmed(chunk: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim_whitespace(chunk) if may_be_padded(chunk) else chunk


def _is_inexact(column: Column, cells: Cells) -> bool:
    """Whether whole numbers are so long that doubles would make different ones equal."""
    if column.type is not ColumnType.NUMBER or column.numbers.scale != 1:
        return False
    is_large = bool(np.abs(column.numbers.stored_N).max() >= MAX_EXACT)
    return is_large and all_match(cells, r"^[+-]?[0-9]+(?:\.0*)?$")


def _read_identities(cells: Cells) -> Column:
    """Returns whole numbers with all digits, as texts where 64 bits do not hold them."""
    bare = cells.of(lambda chunk: pc.replace_substring_regex(chunk, r"^\+|\.0*$", ""))
    column = read_plain(bare)
    if column is not None and column.type is ColumnType.INTEGER:
        return column
    return replace(read_texts(cells), read_as="whole numbers above 64 bits")


def read_columns(
    all_cells: list[Cells], options: ReaderOptions, *, delimiter: str = ""
) -> tuple[tuple[Column, ...], dict[str, Choice]]:
    """Takes the cells; returns the columns and why they were understood so. Raises InvalidData."""
    reader = _Reader(options, delimiter=delimiter)
    while all_cells:
        # the texts of a column are let go as soon as it is read
        reader.add(all_cells.pop(0))
    found = reader.columns()
    # texts and casts, before others need memory
    pa.default_memory_pool().release_unused()
    return found


def without_sentinels(column: Column, sentinels: Sequence[float]) -> Column:
    """Returns a column of numbers with rows missing that have one of these values."""
    if not sentinels or column.type not in {ColumnType.NUMBER, ColumnType.INTEGER}:
        return column
    missing_N = np.isin(column.numbers.values(), sentinels)
    if column.missing_N is not None:
        missing_N |= column.missing_N
    return replace(column, missing_N=missing_N if missing_N.any() else None)
