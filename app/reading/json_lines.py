"""Columns of JSON lines: one object a line, whose names are the columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import pyarrow as pa

from app.domain.errors import MAX_PROBLEMS, InvalidData, Problem
from app.reading.cells import Cells
from app.reading.header import check_width, refuse_bad_names

#: Objects that are held as Python values at a time.
BLOCK_LINES = 8192
MAX_LINE_BYTES = 2**20
Row = dict[str, str | None]


def split_json_lines(content: bytes) -> list[Cells]:
    """Returns the columns, in the order in which their names first appear.

    A name that an object lacks is a missing cell. Raises InvalidData with each wrong line.
    """
    chunks: dict[str, list[pa.StringArray]] = {}
    num_rows = 0
    problems: list[Problem] = []
    lines = _lines(content)
    while block := list(islice(lines, BLOCK_LINES)):
        rows = [_row(number, line, problems) for number, line in block]
        if len(problems) >= MAX_PROBLEMS:
            break
        _add(chunks, rows, num_rows)
        num_rows += len(rows)
    if problems:
        raise InvalidData(problems[0].detail, problems=problems)
    refuse_bad_names(list(chunks))
    return [Cells(name=name, chunks=tuple(parts), first_row=1) for name, parts in chunks.items()]


def is_json_lines(content: bytes) -> bool:
    """Whether the first line is a JSON object."""
    first = content.lstrip()[:MAX_LINE_BYTES].split(b"\n", 1)[0]
    try:
        return first.startswith(b"{") and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the lines that are not blank, numbered from 1."""
    start, number = 0, 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        line = content[start:end].strip()
        if line:
            number += 1
            yield number, line
        start = end + 1


def _row(number: int, line: bytes, problems: list[Problem]) -> Row:
    """Returns the values of one object as texts; adds to the problems where there are none."""
    try:
        if len(line) > MAX_LINE_BYTES:
            detail = f"line {number} is longer than {MAX_LINE_BYTES} bytes"
            raise InvalidData.at(f"row/{number}", detail, code="broken_row")
        value = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        if not isinstance(value, dict):
            detail = f'row {number} is no JSON object; each line holds one, as {{"x": 1}}'
            raise InvalidData.at(f"row/{number}", detail, code="not_json")
        return {name: _text(number, name, each) for name, each in value.items()}
    except InvalidData as error:
        problems.extend(error.problems)
    except (ValueError, RecursionError) as error:
        detail = f"row {number} is not valid JSON: {error}"
        problems.append(Problem(pointer=f"row/{number}", detail=detail, code="not_json"))
    return {}


def _text(number: int, name: str, value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            if "\x00" not in value and value.isprintable():
                return value
            return _encodable(number, name, value)
        case _:
            detail = f"row {number}, column {name!r}: a cell holds a list or an object; "
            detail += "give each of its values a column"
            raise InvalidData.at(f"row/{number}/{name}", detail, code="nested_value")


def _encodable(number: int, name: str, value: str) -> str:
    """Refuses half a surrogate pair and NUL, which no UTF-8 text holds."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        detail = f"row {number}, column {name!r}: a cell has a lone surrogate"
        raise InvalidData.at(f"row/{number}/{name}", detail, code="not_utf8") from error
    if "\x00" in value:
        detail = f"row {number}, column {name!r}: a cell has a NUL character"
        raise InvalidData.at(f"row/{number}/{name}", detail, code="nul")
    return value


def _add(
    chunks: dict[str, list[pa.StringArray]], rows: Sequence[Mapping[str, str | None]], before: int
) -> None:
    for name in dict.fromkeys(name for row in rows for name in row):
        if name not in chunks:
            check_width(len(chunks) + 1)
            chunks[name] = [pa.nulls(before, pa.string())] if before else []
    for name, parts in chunks.items():
        parts.append(pa.array([row.get(name) for row in rows], type=pa.string()))
