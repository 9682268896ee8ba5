"""The rows of a request, as predict.py has the rows of a file."""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from app.domain.datasets import decode, read_table
from app.domain.errors import TooLarge
from app.domain.predictions import MAX_ROWS, Source
from app.domain.tables import Column, ColumnType, Table
from worker.publishing.program.cells import Row
from worker.publishing.program.inputs import columns_of, cut, example_of_text, examples_of
from worker.publishing.program.network import Document, Unusable, named
from worker.publishing.program.tables import decoded, rows_of, rows_of_objects

_SECONDS_OF_DAY = 86_400


def read_source(source: Source, dataset: bytes | None, description: Document) -> list[Document]:
    """Returns one example for each sequence, cut to what the network reads.

    `dataset` is the stored form of the source's data set. Raises Unusable, InvalidData for a data
    set of another kind, and TooLarge.
    """
    reading = description["input"]
    if reading["kind"] == "symbols":
        examples = [example_of_text(_text(source, dataset), reading)]
    else:
        rows = _rows(source, dataset, description)
        if len(rows) > MAX_ROWS:
            detail = f"{len(rows)} rows are more than the {MAX_ROWS} that one prediction takes."
            raise TooLarge(detail)
        examples = examples_of(rows, description)
    return [cut(example, reading) for example in examples]


def _text(source: Source, dataset: bytes | None) -> str:
    if source.kind == "text":
        return decoded(source.content, "the text")
    if source.kind == "dataset" and dataset is not None:
        return decode(dataset)
    detail = "the network reads a text, and not rows: send `text`, or text/plain"
    raise Unusable(detail)


def _rows(source: Source, dataset: bytes | None, description: Document) -> Sequence[Row]:
    needed, layout = columns_of(description), description["csv"] or {}
    match source.kind:
        case "csv":
            return rows_of(source.content, "the table", needed, layout)
        case "json":
            return rows_of_objects(json.loads(source.content), needed)
        case "dataset" if dataset is not None:
            return rows_of_table(read_table(dataset), needed, group=layout.get("group_column"))
        case _:
            detail = f"the network reads rows, and not a text: it needs {named(sorted(needed))}"
            raise Unusable(detail)


def rows_of_table(table: Table, needed: set[str], *, group: str | None) -> list[Row]:
    """Returns the rows of a data set, in which training has read the same values.

    Raises InvalidData where a column is missing.
    """
    names = sorted(needed)
    plain = frozenset(names)
    cells = [_cells(table.column(name), is_label=name == group) for name in names]
    return [
        Row(number, dict(zip(names, row, strict=True)), plain)
        for number, row in enumerate(zip(*cells, strict=True), start=table.first_row)
    ]


def _cells(column: Column, *, is_label: bool) -> Iterator[str]:
    """Texts from which predict.py reads the values of the column again, bit for bit."""
    if is_label or column.type is ColumnType.TEXT:
        codes_N, labels = column.groups()
        return ("" if code < 0 else labels[code] for code in codes_N.tolist())
    values = column.values().tolist()
    if column.type is ColumnType.DATE:
        are_days = all(value % _SECONDS_OF_DAY == 0 for value in values if not math.isnan(value))
        return (_date(value, is_day=are_days) for value in values)
    return ("" if math.isnan(value) else repr(value) for value in values)


def _date(value: float, *, is_day: bool) -> str:
    if math.isnan(value):
        return ""
    moment = datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
    return moment.date().isoformat() if is_day else moment.isoformat()
