"""How a text file lays out its table: delimiter, quotes, lines before the header, the header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidData
from app.domain.reader_options import AUTO, Choice, ReaderOptions, as_asked
from app.reading.header import check_width, find_header, is_value, name_columns

DELIMITERS = (",", ";", "\t", "|")
#: Bytes of the beginning that are looked at. The header has to fit.
SAMPLE_BYTES = 2**20
SAMPLE_ROWS = 60
#: Share of the first rows with one number of cells from which a text is a table.
TABLE_AGREEMENT = 0.9
#: A line that Excel writes before a table.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?\r?\n')
_NAMED = {"tab": "\t", "space": " "}
_SHOWN = {"\t": "tab", " ": "space"}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the cells of a text file are."""

    delimiter: str
    #: None where quotes have no meaning.
    quote: str | None
    #: Lines before the header.
    skip_lines: int
    has_header: bool
    names: tuple[str, ...]
    choices: dict[str, Choice]


def find_layout(content: bytes, options: ReaderOptions) -> Layout:
    """Finds the layout from the beginning of a file. Raises InvalidData on a broken first row."""
    text = _beginning(content)
    quote, quote_choice = _quote(options)
    delimiter, delimiter_choice = _delimiter(text, options, quote)
    skip_lines, skip_choice = _skipped(text, options, delimiter, quote)
    body = "".join(text.splitlines(keepends=True)[skip_lines:])
    rows = _rows(body, delimiter, quote, is_strict=True)
    first = rows[0] if rows else []
    check_width(len(first))
    if _lacks_index(rows, options):
        first = ["", *first]
        has_header, skip_lines = False, skip_lines + 1
        reason = (
            "it has one cell fewer than all rows, whose first one is their name, as R writes it"
        )
        header_choice = Choice(value="first_row", chosen_because=reason)
        names, index_choice = name_columns(first, options)
    else:
        has_header, header_choice = find_header(first, rows[1:], options)
        generic = [f"column_{i + 1}" for i in range(len(first))]
        names, index_choice = name_columns(first if has_header else generic, options)
    return Layout(
        delimiter=delimiter,
        quote=quote,
        skip_lines=skip_lines,
        has_header=has_header,
        names=names,
        choices={
            "delimiter": delimiter_choice,
            "quote": quote_choice,
            "skip_lines": skip_choice,
            "header": header_choice,
            "index_column": index_choice,
        },
    )


def _lacks_index(rows: Sequence[Sequence[str]], options: ReaderOptions) -> bool:
    """Whether the header has one cell fewer than all rows, whose first cells name them."""
    if len(rows) < 3 or options.header == "none" or options.index_column != AUTO:  # noqa: PLR2004 - two rows
        return False
    first, *below = rows
    if not all(first) or any(map(is_value, first)):
        return False
    are_longer = all(len(row) == len(first) + 1 for row in below)
    # a delimiter at the end of each row is no column
    return are_longer and any(row[-1] for row in below) and len({row[0] for row in below}) > 1


def is_table(content: bytes, options: ReaderOptions) -> bool:
    """Whether a text is rather a table than prose: cells that agree, or one column of values.

    A delimiter that the client names is tried in place of the usual ones.
    """
    text = _beginning(content)
    quote, _ = _quote(options)
    asked = _NAMED.get(options.delimiter, options.delimiter)
    for delimiter in DELIMITERS if options.delimiter == AUTO else (asked,):
        splits_header, agreement, _, _ = _consistency(_rows(text, delimiter, quote))
        if splits_header == 2 and agreement >= TABLE_AGREEMENT:  # noqa: PLR2004 - see _consistency
            return True
        if _lacks_index(_rows(text, delimiter, quote), options):
            return True
    rows = _rows(text, ",", '"')
    return len(rows) > 1 and all(len(row) == 1 and is_value(row[0]) for row in rows[1:])


def _beginning(content: bytes) -> str:
    """Returns whole lines of the beginning, where there is a line end."""
    sample = content[:SAMPLE_BYTES]
    if len(content) > SAMPLE_BYTES:
        end = max(sample.rfind(b"\n"), sample.rfind(b"\r"))
        sample = sample[: end + 1] if end > 0 else sample
    return sample.decode("utf-8", errors="replace")


def _quote(options: ReaderOptions) -> tuple[str | None, Choice]:
    if options.quote == AUTO:
        return '"', Choice(value='"', chosen_because="the usual one")
    return (None if options.quote == "none" else options.quote), as_asked(options.quote)


def _delimiter(text: str, options: ReaderOptions, quote: str | None) -> tuple[str, Choice]:
    if options.delimiter != AUTO:
        return _NAMED.get(options.delimiter, options.delimiter), as_asked(options.delimiter)
    told = _SEPARATOR_LINE.match(text)
    if told is not None:
        shown = _SHOWN.get(told[1], told[1])
        return told[1], Choice(value=shown, chosen_because="the first line says so, for Excel")
    scores = {each: _consistency(_rows(text, each, quote)) for each in DELIMITERS}
    best = max(DELIMITERS, key=lambda each: scores[each])
    if scores[best][0] == 0:
        if _is_split_by_spaces(_rows(text, " ", quote)):
            reason = "nothing else separates cells, and single spaces do in every row"
            return " ", Choice(value="space", chosen_because=reason)
        return ",", Choice(value=",", chosen_because="no delimiter occurs; the comma is usual")
    reason = f"it gives most rows of the beginning the same number of cells, {scores[best][3]}"
    return best, Choice(value=_SHOWN.get(best, best), chosen_because=reason)


def _is_split_by_spaces(rows: Sequence[Sequence[str]]) -> bool:
    """Whether all rows have as many cells as the first, and a column below holds only values."""
    if len(rows) < 2 or len(rows[1]) < 2 or any(len(row) != len(rows[1]) for row in rows[1:]):  # noqa: PLR2004
        return False
    if len(rows[1]) - len(rows[0]) not in {0, 1}:
        return False
    return any(all(map(is_value, cells)) for cells in zip(*rows[1:], strict=True))


def _consistency(rows: Sequence[Sequence[str]]) -> tuple[int, float, float, int]:
    """How well a delimiter splits rows.

    Returns whether it occurs in the header, the agreement of rows, the share of cells below the
    header that are numbers or dates, and the number of cells.
    """
    if not rows:
        return 0, 0.0, 0.0, 1
    (width, count), *_ = Counter(len(row) for row in rows).most_common(1)
    if width == 1 and len(rows[0]) == 1:
        return 0, 0.0, 0.0, 1
    splits_header = 2 if len(rows[0]) == width else int(len(rows[0]) > 1 or width > 1)
    below = [cell for row in rows[1:] for cell in row if cell]
    values = sum(map(is_value, below)) / max(1, len(below))
    return splits_header, count / len(rows), values, width


def _skipped(
    text: str, options: ReaderOptions, delimiter: str, quote: str | None
) -> tuple[int, Choice]:
    if options.skip_lines != AUTO:
        return options.skip_lines, as_asked(options.skip_lines)
    if _SEPARATOR_LINE.match(text):
        return 1, Choice(value=1, chosen_because="the first line tells Excel the delimiter")
    lines = text.splitlines()
    num_comments = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    if num_comments:
        return num_comments, Choice(value=num_comments, chosen_because="these lines begin with #")
    rows = [_rows(line, delimiter, quote) for line in lines[:SAMPLE_ROWS]]
    widths = [len(row[0]) if row else 0 for row in rows]
    title = next((i for i, width in enumerate(widths) if width > 1), 0)
    below = set(widths[title:]) - {0}
    # a title and then at least a header and two rows, all of the same width
    if title and len(below) == 1 and len(widths) - title > 2:  # noqa: PLR2004
        names = rows[title][0]
        if not any(is_value(name) for name in names) and all(name.strip() for name in names):
            reason = "the lines before have one cell, and all below have as many as this one"
            return title, Choice(value=title, chosen_because=reason)
    return 0, Choice(value=0, chosen_because="the file begins with its table")


def _rows(
    text: str, delimiter: str, quote: str | None, *, is_strict: bool = False
) -> list[list[str]]:
    """Returns the first rows that are not blank, cells without the spaces around them."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or '"',
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=is_strict,
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append([cell.strip() for cell in row])
            if len(rows) >= SAMPLE_ROWS:
                break
    except csv.Error as error:
        if is_strict and not rows:
            detail = f"line {reader.line_num} cannot be read as CSV: {error}"
            raise InvalidData.at(f"line/{reader.line_num}", detail, code="broken_row") from error
    return rows
