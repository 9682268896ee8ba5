"""Splits a text file into columns of texts, and names the row where that fails."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from app.domain.errors import MAX_PROBLEMS, InvalidData, Problem
from app.reading.layout import Layout

#: Bytes that are split at a time: each takes several times its size.
BLOCK_BYTES = 2**20
#: The same for a file with long lines, none of which may be longer, and one with many columns,
#: since each column of a block has a cost of its own.
LONG_BLOCK_BYTES = 4 * 2**20
MANY_COLUMNS = 100
#: Rows from which a column is cast in pieces, which takes less memory.
LONG_COLUMN = 200_000
#: Characters of a cell beyond which a file is refused, as the csv module of Python does.
MAX_CELL_CHARACTERS = csv.field_size_limit()
_PIECE = 4 * 2**20
_LINE_ENDS = b"\r\n"


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The texts of one column, None where a value is missing."""

    name: str
    chunks: tuple[pa.StringArray, ...]
    #: Number, in the file, of the first of these rows.
    first_row: int

    def joined(self) -> "Cells":
        """Joins the chunks of a short column: each has a cost of its own in every cast."""
        if len(self.chunks) == 1 or sum(map(len, self.chunks)) > LONG_COLUMN:
            return self
        return replace(self, chunks=(pa.concat_arrays(self.chunks),))

    def of(self, change: Callable[[pa.StringArray], pa.StringArray]) -> "Cells":
        """Returns the column with each chunk changed."""
        return replace(self, chunks=tuple(change(chunk) for chunk in self.chunks))

    def filled(self, most: int) -> list[str]:
        """Returns the first texts that are not missing."""
        found: list[str] = []
        for chunk in self.chunks:
            found += chunk.drop_null()[: most - len(found)].to_pylist()
            if len(found) >= most:
                break
        return found

    def row_of(self, is_wanted: Callable[[pa.StringArray], pa.BooleanArray]) -> tuple[int, str]:
        """Returns the number and text of the first wanted cell. Raises LookupError."""
        row = self.first_row
        for chunk in self.chunks:
            place = pc.index(is_wanted(chunk), value=True).as_py()
            if place >= 0:
                return row + place, chunk[place].as_py()
            row += len(chunk)
        raise LookupError


def split(content: bytes, layout: Layout) -> list[Cells]:
    """Returns the columns below the header. Raises InvalidData with each wrong row."""
    start = _start_of_line(content, layout.skip_lines)
    is_well_quoted = layout.quote is None or _is_well_quoted(content, start, layout)
    has_long_line = _has_long_line(content, start)
    if not is_well_quoted or has_long_line:
        _check_slowly(content, start, layout)
    skipped = sum(1 for line in content[:start].splitlines() if line)
    is_wide = has_long_line or len(layout.names) > MANY_COLUMNS
    block_bytes = LONG_BLOCK_BYTES if is_wide else BLOCK_BYTES
    batches = _batches(content, start, layout, skipped, block_bytes=block_bytes)
    # the buffers in which the file was split
    pa.default_memory_pool().release_unused()
    columns = [pa.chunked_array(parts) for parts in zip(*batches, strict=True)] if batches else []
    if not columns or len(columns[0]) <= int(layout.has_header):
        row = skipped + int(layout.has_header) + 1
        detail = "there are no rows below the header"
        raise InvalidData.at(f"row/{row}", detail, code="no_rows")
    return [
        Cells(
            name=name,
            chunks=tuple(column.slice(int(layout.has_header)).chunks),
            first_row=skipped + int(layout.has_header) + 1,
        )
        for name, column in zip(layout.names, columns, strict=True)
    ]


def _batches(
    content: bytes, start: int, layout: Layout, skipped: int, *, block_bytes: int
) -> list[list[pa.StringArray]]:
    problems: list[Problem] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        number = row.number + skipped
        detail = f"row {number} has {row.actual_columns} cells where the header has "
        detail += f"{row.expected_columns}"
        problems.append(Problem(pointer=f"row/{number}", detail=detail, code="wrong_cell_count"))
        return "skip" if len(problems) < MAX_PROBLEMS else "error"

    names = [str(index) for index in range(len(layout.names))]
    found: list[list[pa.StringArray]] = []
    try:
        reader = arrow_csv.open_csv(
            pa.BufferReader(pa.py_buffer(content).slice(start)),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=block_bytes, column_names=names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char=layout.quote or False,
                newlines_in_values=layout.quote is not None and layout.quote.encode() in content,
                invalid_row_handler=note,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), check_utf8=False
            ),
        )
        found.extend(batch.columns for batch in reader)
    except pa.ArrowInvalid as error:
        if not problems:
            detail = f"the file cannot be split into rows: {error}"
            raise InvalidData.at("file", detail, code="broken_row") from error
    if problems:
        raise InvalidData(problems[0].detail, problems=problems)
    return found


def _start_of_line(content: bytes, number: int) -> int:
    """Returns the byte at which a line begins, counted from 0. Raises InvalidData."""
    start = 0
    for _ in range(number):
        ends = [place for mark in (b"\n", b"\r") if (place := content.find(mark, start)) >= 0]
        end = min(ends, default=-1)
        if end < 0:
            detail = f"the file has fewer lines than skip_lines says, {number}"
            raise InvalidData.at("query/skip_lines", detail, code="no_rows")
        start = end + (2 if content[end : end + 2] == b"\r\n" else 1)
    return start


def _has_long_line(content: bytes, start: int) -> bool:
    """Whether a line is so long that one of its cells may be too long."""
    end_mark = b"\n" if content.find(b"\n", start) >= 0 else b"\r"
    while start + MAX_CELL_CHARACTERS < len(content):
        end = content.rfind(end_mark, start, start + MAX_CELL_CHARACTERS)
        if end < 0:
            return True
        start = end + 1
    return False


def _is_well_quoted(content: bytes, start: int, layout: Layout) -> bool:
    """Whether all quotes open or close a cell, or stand twice inside of one.

    In a file where they do, each quote with an even number opens, and each other one closes.
    """
    assert layout.quote is not None  # noqa: S101 - the caller looked
    mark = ord(layout.quote)
    bytes_N = np.frombuffer(content, dtype=np.uint8)
    may_stand_beside = np.zeros(256, dtype=np.bool_)
    may_stand_beside[[*layout.delimiter.encode(), *_LINE_ENDS, mark]] = True
    count = 0
    for first in range(start, len(content), _PIECE):
        places = np.flatnonzero(bytes_N[first : first + _PIECE] == mark) + first
        is_closing = (count + np.arange(places.size)) % 2 == 1
        opening, closing = places[~is_closing], places[is_closing]
        opening = opening[opening > start]
        closing = closing[closing < len(content) - 1]
        if not may_stand_beside[bytes_N[opening - 1]].all():
            return False
        if not may_stand_beside[bytes_N[closing + 1]].all():
            return False
        count += places.size
    return count % 2 == 0


def _check_slowly(content: bytes, start: int, layout: Layout) -> None:
    """Reads the file with Python's csv module. Raises InvalidData with the line that is broken."""
    stream = io.BytesIO(content)
    stream.seek(start)
    lines = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    reader = csv.reader(
        lines,
        delimiter=layout.delimiter,
        quotechar=layout.quote or '"',
        quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        line = reader.line_num + layout.skip_lines
        detail = f"line {line} cannot be read as CSV: {error}"
        raise InvalidData.at(f"line/{line}", detail, code="broken_row") from error


def numbered(cells: Cells) -> Iterator[tuple[int, pa.StringArray]]:
    """Yields each chunk with the number of its first row."""
    row = cells.first_row
    for chunk in cells.chunks:
        yield row, chunk
        row += len(chunk)


def all_match(cells: Cells, pattern: str) -> bool:
    """Whether all cells that have a value match a pattern."""
    return all(
        pc.all(pc.match_substring_regex(chunk, pattern)).as_py() is not False
        for chunk in cells.chunks
    )
