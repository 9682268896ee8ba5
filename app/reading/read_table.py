"""Reads a text file that holds a table."""

from dataclasses import dataclass

from app.domain.reader_options import Choice, ReaderOptions
from app.domain.tables import Table
from app.reading.cells import split
from app.reading.columns import read_columns
from app.reading.decoding import to_utf8
from app.reading.layout import find_layout


@dataclass(frozen=True, kw_only=True)
class ReadTable:
    """A table, and what the reader's options were in the end."""

    table: Table
    choices: dict[str, Choice]


def read_table_file(content: bytes, options: ReaderOptions) -> ReadTable:
    """Reads a CSV. Raises InvalidData with the place of each error."""
    text, encoding = to_utf8(content, encoding=options.encoding)
    layout = find_layout(text, options)
    cells = split(text, layout)
    num_rows, first_row = sum(len(chunk) for chunk in cells[0].chunks), cells[0].first_row
    columns, choices = read_columns(cells, options, delimiter=layout.delimiter)
    table = Table(
        columns=columns,
        num_rows=num_rows,
        delimiter=layout.delimiter,
        first_row=first_row,
    )
    return ReadTable(table=table, choices={"encoding": encoding, **layout.choices, **choices})
