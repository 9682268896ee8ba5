"""The rows of a CSV as texts, before anybody asks what they say."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from app.domain.errors import InvalidData, Problem

#: The number of the first row under the header, which is row 1; blank rows have none.
FIRST_ROW = 2
#: Rows that are held as text at a time: memory stays near the size of the numbers.
BLOCK_ROWS = 4096
DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(text: str) -> str:
    """The one that the header has most of; commas when it has none."""
    header = text.lstrip("\r\n").split("\n", 1)[0].split("\r", 1)[0]
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=unquoted.count)


def read_rows(text: str, *, delimiter: str) -> Iterator[list[str]]:
    """All rows, the header included. Raises InvalidData on quotes that do not close."""
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
    """Data rows some thousand at a time, each block with the number of its first row."""
    rows = read_rows(text, delimiter=delimiter)
    next(rows)
    first = FIRST_ROW
    while block := list(islice(rows, BLOCK_ROWS)):
        yield first, block
        first += len(block)
