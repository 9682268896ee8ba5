"""Rows of a file, laid out as the file that the network was trained on.

A header is row 1, and blank rows are not counted.
"""

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence

from worker.publishing.program.cells import Row
from worker.publishing.program.network import Document, Unusable, named, one_line

DELIMITERS = ",;\t|"
#: Names of a column whose header is empty, the first that is free.
INDEX_NAMES = ("index", "row_index", "unnamed_index")
#: A text that can be no date in another order.
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?", re.ASCII)


def decoded(content: bytes, name: str, *, encoding: str = "utf-8") -> str:
    """The text of a file, which may be packed with gzip. Raises Unusable."""
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise Unusable(f"{name} is a damaged gzip file: {one_line(error)}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if encoding == "utf-8" or content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeError as error:
        place = f": byte {error.start} is not" if isinstance(error, UnicodeDecodeError) else ""
        shown = encoding.removesuffix("-sig").upper()
        raise Unusable(f"{name} is not {shown}{place} (option encoding)") from error


def rows_of(content: bytes, name: str, needed: set[str], layout: Document) -> list[Row]:
    """The rows of a CSV. Raises Unusable with the place of what cannot be used."""
    file = layout.get("file") or {}
    text = decoded(content, name, encoding=file.get("encoding") or "utf-8")
    delimiter, quote = file.get("delimiter"), file.get("quote", '"')
    lines = text.splitlines(keepends=True)
    skipped = num_skipped(lines, file.get("skip_lines") or 0)
    body = "".join(lines[skipped:])
    has_header = file.get("has_header", True)
    for each in [delimiter] if delimiter else DELIMITERS:
        table = split(body, each, quote, skipped=skipped)
        names = names_of(table, has_header=has_header)
        if needed <= set(names):
            rows = table[1:] if has_header else table
            return checked_rows(rows, names, first=skipped + has_header + 1)
    raise Unusable(header_missing(body, needed, delimiter, quote))


def num_skipped(lines: Sequence[str], in_training: int) -> int:
    """Lines before the table: as many as in training, or all comments."""
    if in_training and lines and lines[0].startswith("#"):
        return next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return in_training


def header_missing(body: str, needed: set[str], delimiter: str | None, quote: str | None) -> str:
    """Says what is wrong with the first row."""
    detail = f"the table needs a header with the columns {named(sorted(needed))}"
    for other in DELIMITERS:
        first = split(body[: body.find("\n") + 1] or body, other, quote, skipped=0)[:1]
        if delimiter and needed <= set(names_of(first, has_header=True)):
            return (
                f"row 1: its cells are separated by {other!r}, and in training they were by "
                f"{delimiter!r} (option delimiter)"
            )
    first = split(body[: body.find("\n") + 1] or body, delimiter or ",", quote, skipped=0)[:1]
    names = names_of(first, has_header=True)
    missing = named(sorted(needed - set(names)))
    return f"row 1: {detail}; it lacks {missing}, and has {named(names)}" if names else detail


def split(text: str, delimiter: str, quote: str | None, *, skipped: int) -> list[list[str]]:
    """The cells of all rows that are not blank, without the spaces around them."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or '"',
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        table = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise Unusable(f"line {skipped + reader.line_num}: {error}") from error
    return [row for row in table if len(row) > 1 or any(row)]


def names_of(table: Sequence[Sequence[str]], *, has_header: bool) -> list[str]:
    first = list(table[0]) if table else []
    if not has_header:
        return [f"column_{number}" for number in range(1, len(first) + 1)]
    if len(first) > 1 and not first[0]:
        first[0] = next(name for name in INDEX_NAMES if name not in first)
    return first


def checked_rows(table: Sequence[Sequence[str]], names: Sequence[str], *, first: int) -> list[Row]:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise Unusable(f"row {first - 1}, column {twice!r}: two columns have this name", row=1)
    found = []
    for number, cells in enumerate(table, start=first):
        if len(cells) != len(names):
            place = named(names[len(cells) : len(cells) + 1]) or f"number {len(names) + 1}"
            detail = f"it has {len(cells)} cells, and the header has {len(names)}"
            raise Unusable(f"row {number}, column {place}: {detail}", row=number)
        found.append(Row(number, dict(zip(names, cells, strict=True))))
    if not found:
        raise Unusable(f"the table has no row below its header, whose columns are {named(names)}")
    return found


def rows_of_objects(objects: Sequence[Mapping[str, object]], needed: set[str]) -> list[Row]:
    """Rows counted from 1; null stands for no value, and numbers are as JSON has them."""
    if not objects:
        raise Unusable(f"there is no row; a row needs the columns {named(sorted(needed))}")
    rows = []
    for number, each in enumerate(objects, start=1):
        if not isinstance(each, dict):
            raise Unusable(f"row {number}: it is no JSON object", row=number)
        plain = frozenset(name for name, value in each.items() if is_plain(value))
        row = Row(number, {name: cell_of(value) for name, value in each.items()}, plain)
        for name in needed & each.keys():
            value = each[name]
            if isinstance(value, list | dict) or value != value:  # noqa: PLR0124 - NaN
                raise row.refused(name, f"{row.shown(name)} is not a finite number")
        for name in sorted(needed - row.cells.keys()):
            raise row.refused(name, f"the row lacks it; it has {named(row.cells)}")
        rows.append(row)
    return rows


def is_plain(value: object) -> bool:
    return not isinstance(value, str) or bool(ISO_DATE.fullmatch(value))


def cell_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value)
