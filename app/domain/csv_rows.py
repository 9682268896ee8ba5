"""Reads the rows of a CSV as texts, without interpreting them."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from app.domain.errors import InvalidData, Problem

#: Number of the first row below the header. The header is row 1; blank rows are not counted.
FIRST_ROW = 2
#: Rows that are held as text at a time, so that memory stays near the size of the numbers.
BLOCK_ROWS = 4096
DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(text: str) -> str:
    """Returns the delimiter that is most frequent in the header; the comma when there is none."""
    header = text.lstrip("\r\n").split("\n", 1)[0].split("\r", 1)[0]
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=unquoted.count)


def read_rows(text: str, *, delimiter: str) -> Iterator[list[str]]:
    """Yields all rows, the header included. Raises InvalidData on unclosed quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            detail = f"line {reader.line_num} cannot be read as CSV: {error}"
            place = f"line/{reader.line_num}"
            problem = Problem(pointer=place, detail=detail, code="broken_row")
            raise InvalidData(detail, problems=[problem]) from error
        if row:
            yield list(map(str.strip, row))


def read_blocks(text: str, *, delimiter: str) -> Iterator[tuple[int, list[list[str]]]]:
    """Yields blocks of at most BLOCK_ROWS rows below the header, each with its first row number."""
    rows = read_rows(text, delimiter=delimiter)
    next(rows)
    first = FIRST_ROW
    while block := list(islice(rows, BLOCK_ROWS)):
        yield first, block
        first += len(block)
