"""Reads an upload in the form in which it is stored.

A table is stored by columns, and a text as UTF-8. Earlier releases stored a CSV as it was sent;
those files are read here as they were then. The header is row 1; blank rows are not counted.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, repeat

import numpy as np
from numpy.typing import NDArray

from app.domain.columnar import decode_table, is_columnar
from app.domain.compact import Compact
from app.domain.csv_cells import (
    MISSING,
    are_datetimes,
    are_numbers,
    number,
    read_datetimes,
    read_numbers,
)
from app.domain.csv_rows import delimiter_of, read_blocks, read_rows
from app.domain.errors import MAX_PROBLEMS, InvalidData, Problem
from app.domain.tables import Column, ColumnType, Table

MAX_COLUMNS = 1000
#: Maximum length of a column's name, also in job specs.
MAX_NAME_CHARACTERS = 200
#: Codes of problems with a file, published in the API's reference.
UPLOAD_CODES = (
    "ambiguous_date",
    "ambiguous_number",
    "broken_file",
    "broken_row",
    "column_duplicate",
    "column_name_too_long",
    "column_unnamed",
    "empty",
    "format_not_read",
    "header_missing",
    "nested_value",
    "no_rows",
    "no_such_column",
    "no_such_local_time",
    "not_a_date",
    "not_finite",
    "not_json",
    "not_utf8",
    "nul",
    "several_sheets",
    "too_many_columns",
    "unknown_time_zone",
    "unpacked_too_large",
    "wrong_cell_count",
    "wrong_encoding",
)


def decode(content: bytes) -> str:
    """Returns the upload as text. Raises InvalidData if it is empty, not UTF-8 or has a NUL."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is not valid UTF-8; save the file as UTF-8"
        problem = _problem(f"byte/{error.start}", detail, "not_utf8")
        raise InvalidData(detail, problems=[problem]) from error
    if not text.strip():
        detail = "the file is empty"
        raise InvalidData(detail, problems=[_problem("file", detail, "empty")])
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        detail = f"line {line} contains a NUL character"
        raise InvalidData(detail, problems=[_problem(f"line/{line}", detail, "nul")])
    return text


def read_table(content: bytes) -> Table:
    """Returns the table of a stored upload. Raises InvalidData where the upload is a text."""
    return decode_table(content) if is_columnar(content) else parse_csv(decode(content))


def parse_csv(text: str) -> Table:
    """Returns the columns of a CSV with a header. Raises InvalidData that lists each wrong row.

    Spaces around cells are removed, and blank rows are skipped. A column is numeric when all its
    cells are numbers or missing, and datetime when all are ISO dates or missing.
    """
    delimiter = delimiter_of(text)
    names = _header(text, delimiter=delimiter)
    num_rows, types = _check_rows(text, delimiter=delimiter, num_columns=len(names))
    builders = [_Builder(name, kind) for name, kind in zip(names, types, strict=True)]
    for first, block in read_blocks(text, delimiter=delimiter):
        for builder, cells in zip(builders, zip(*block, strict=True), strict=True):
            builder.add(cells, first_row=first)
    columns = tuple(builder.column() for builder in builders)
    return Table(columns=columns, num_rows=num_rows, delimiter=delimiter)


class _Builder:
    """Builds one column from the blocks of its cells."""

    def __init__(self, name: str, kind: ColumnType) -> None:
        self._name = name
        self._type = kind
        self._values: list[NDArray[np.float64]] = []
        self._codes: list[NDArray[np.int32]] = []
        self._labels: dict[str, int] = {}

    def add(self, cells: Sequence[str], *, first_row: int) -> None:
        if self._type is ColumnType.TEXT:
            self._codes.append(self._coded(cells))
        elif self._type is ColumnType.DATE:
            self._values.append(read_datetimes(cells))
        else:
            self._values.append(self._finite(cells, first_row=first_row))

    def _finite(self, cells: Sequence[str], *, first_row: int) -> NDArray[np.float64]:
        values_n = read_numbers(cells)
        (infinite,) = np.nonzero(np.isinf(values_n))
        if infinite.size:
            row, cell = first_row + int(infinite[0]), cells[int(infinite[0])]
            detail = f"row {row}, column {self._name!r}: {cell[:40]} is not a finite number"
            problem = _problem(f"row/{row}/{self._name}", detail, "not_finite")
            raise InvalidData(detail, problems=[problem])
        return values_n

    def _coded(self, cells: Sequence[str]) -> NDArray[np.int32]:
        for cell in dict.fromkeys(cells):
            if cell not in MISSING:
                self._labels.setdefault(cell, len(self._labels))
        codes = map(self._labels.get, cells, repeat(-1))
        return np.fromiter(codes, dtype=np.int32, count=len(cells))

    def column(self) -> Column:
        if self._type is not ColumnType.TEXT:
            return Column.of_values(self._name, self._type, np.concatenate(self._values))
        codes_N = np.concatenate(self._codes)
        return Column(
            name=self._name,
            type=self._type,
            numbers=Compact(stored_N=codes_N),
            missing_N=codes_N < 0 if (codes_N < 0).any() else None,
            labels=tuple(self._labels),
        )


def _header(text: str, *, delimiter: str) -> list[str]:
    names = next(read_rows(text, delimiter=delimiter), [])
    if len(names) > MAX_COLUMNS:
        detail = f"{len(names)} columns are more than {MAX_COLUMNS}"
        problems = [_problem("row/1", detail, "too_many_columns")]
    elif all(number(name) is not None for name in names) and any(names):
        detail = "the first row must name the columns, and all its cells are numbers"
        problems = [_problem("row/1", detail, "header_missing")]
    else:
        problems = list(islice(_header_problems(names), MAX_PROBLEMS))
    if problems:
        raise InvalidData(problems[0].detail, problems=problems)
    return names


def _header_problems(names: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        place = f"row/1/{index + 1}"
        if not name:
            yield _problem(place, f"column {index + 1} has no name", "column_unnamed")
        elif len(name) > MAX_NAME_CHARACTERS:
            detail = f"the name of column {index + 1} is over {MAX_NAME_CHARACTERS} characters"
            yield _problem(place, detail, "column_name_too_long")
        elif name in names[:index]:
            yield _problem(place, f"two columns are named {name!r}", "column_duplicate")


def _check_rows(text: str, *, delimiter: str, num_columns: int) -> tuple[int, list[ColumnType]]:
    """Returns the number of rows below the header and the types of the columns.

    Raises InvalidData when a row has not as many cells as the header, or when there are no rows.
    """
    problems: list[Problem] = []
    num_rows = 0
    scans = [_Scan() for _ in range(num_columns)]
    for first, block in read_blocks(text, delimiter=delimiter):
        num_rows += len(block)
        problems += _wrong_counts(block, first_row=first, num_columns=num_columns)
        if len(problems) >= MAX_PROBLEMS:
            break
        if not problems:
            for scan, cells in zip(scans, zip(*block, strict=True), strict=True):
                scan.add(cells)
    if not num_rows:
        problems.append(_problem("row/2", "there are no rows below the header", "no_rows"))
    if problems:
        raise InvalidData(problems[0].detail, problems=problems)
    return num_rows, [scan.type() for scan in scans]


def _wrong_counts(
    block: Sequence[Sequence[str]], *, first_row: int, num_columns: int
) -> list[Problem]:
    found = [(row, len(cells)) for row, cells in enumerate(block, start=first_row)]
    return [
        _problem(
            f"row/{row}",
            f"row {row} has {count} cells where the header has {num_columns}",
            "wrong_cell_count",
        )
        for row, count in found
        if count != num_columns
    ]


class _Scan:
    """Finds the narrowest type of a column's cells; it is text when all cells are missing."""

    def __init__(self) -> None:
        self._can_be_numeric = True
        self._can_be_datetime = True
        self._is_filled = False

    def add(self, cells: Sequence[str]) -> None:
        self._is_filled = self._is_filled or any(cell not in MISSING for cell in cells)
        self._can_be_numeric = self._can_be_numeric and are_numbers(cells)
        self._can_be_datetime = self._can_be_datetime and are_datetimes(cells)

    def type(self) -> ColumnType:
        if self._can_be_numeric and self._is_filled:
            return ColumnType.NUMBER
        return ColumnType.DATE if self._can_be_datetime and self._is_filled else ColumnType.TEXT


def _problem(pointer: str, detail: str, code: str) -> Problem:
    return Problem(pointer=pointer, detail=detail, code=code)
