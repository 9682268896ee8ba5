"""Examples from a table, a JSON document or a text.

Messages name row, column and cell of what cannot be used. The header of a table is row 1.
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from worker.publishing.program.network import Document, Unusable, named, one_line
from worker.publishing.program.times import NUMBER, Moment, read_moment

#: Cells of a table that stand for no value, as in training.
MISSING = {
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "null", "NULL", "Null", "None", "NaT", "#NULL!"),
    *("-", "--", "---", "?", ".", "n.a.", "#DIV/0!", "#VALUE!", "#REF!"),
}
DELIMITERS = ",;\t|"
#: Parts of an example that have one entry for each timestep.
OF_TIMESTEPS = ("timesteps", "row_numbers", "moments")
#: Longest part of a cell that a message shows.
SHOWN = 40


@dataclass(frozen=True)
class Row:
    """A row of a table, with the number that it has in the file."""

    number: int
    cells: dict[str, str]

    def refused(self, column: str, detail: str) -> Unusable:
        place = f"row {self.number}, column {column!r}"
        return Unusable(f"{place}: {detail}", row=self.number, column=column)


def read_examples(path: Path, description: Document) -> list[Document]:
    """Sequences of a file, each cut to the timesteps that the network reads."""
    reading = description["input"]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{str(path)!r} cannot be read: {error.strerror}") from error
    text = decoded(content, repr(str(path)))
    if path.suffix == ".json":
        examples = read_json(text, reading)
    elif reading["kind"] == "numbers":
        examples = read_csv(text, description)
    else:
        examples = [example_of_text(text, reading)]
    return [cut(example, reading) for example in examples]


def decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"{name} is not UTF-8: byte {error.start} is not") from error


def example_of_text(text: str, reading: Document) -> Document:
    return {"timesteps": symbols_of(text, reading, "the text")}


def cut(example: Document, reading: Document) -> Document:
    """Keeps the last timesteps that the network reads. Raises Unusable for too few of them."""
    least, most = reading["min_timesteps"], reading["max_timesteps"] or None
    timesteps, numbers = example["timesteps"], example.get("row_numbers")
    if len(timesteps) < least:
        of = "" if example.get("series") is None else f" of the series {example['series']!r}"
        detail = f"a sequence{of} has {len(timesteps)} timesteps, fewer than {least}"
        row = max(numbers) if numbers else None
        raise Unusable(detail if row is None else f"row {row}: {detail}", row=row)
    parts = {name: example[name] for name in OF_TIMESTEPS if name in example}
    return {**example, **{name: part[-most:] if most else part for name, part in parts.items()}}


def read_json(text: str, reading: Document) -> list[Document]:
    """Raises Unusable with the input, timestep and column of a value that cannot be used."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"the file is not JSON: {one_line(error)}") from error
    found = document.get("inputs") if isinstance(document, dict) else document
    if not isinstance(found, list) or not found:
        raise Unusable('the document is {"inputs": [{"timesteps": […]}, …]}, with at least one')
    examples = []
    for number, each in enumerate(found, start=1):
        example = each if isinstance(each, dict) else {"timesteps": each}
        timesteps, where = example.get("timesteps"), f"input {number}"
        if not isinstance(timesteps, list | str):
            raise Unusable(f"{where} has no list of timesteps")
        is_numbers = reading["kind"] == "numbers"
        checked = (rows_of_numbers if is_numbers else symbols_of)(timesteps, reading, where)
        examples.append({"series": example.get("series"), "timesteps": checked})
    return examples


def rows_of_numbers(timesteps: Sequence[Any], reading: Document, where: str) -> list[list[float]]:
    columns = reading["columns"]
    for timestep, row in enumerate(timesteps, start=1):
        place = f"{where}, timestep {timestep}"
        if not isinstance(row, list) or len(row) != len(columns):
            raise Unusable(f"{place}: it needs {len(columns)} numbers, of {named(columns)}")
        for column, value in zip(columns, row, strict=True):
            if not is_finite(value):
                shown = json.dumps(value)[:SHOWN]
                raise Unusable(f"{place}, column {column!r}: {shown} is not a finite number")
    return [[float(value) for value in row] for row in timesteps]


def is_finite(value: object) -> bool:
    try:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value)  # type: ignore[arg-type] # it is a number
    except OverflowError:
        return False


def symbols_of(timesteps: Sequence[Any], reading: Document, where: str) -> list[str]:
    known = reading["symbols"]
    for timestep, symbol in enumerate(timesteps, start=1):
        if not isinstance(symbol, str) or (symbol not in known and None not in known):
            shown = json.dumps(symbol, ensure_ascii=False)[:SHOWN]
            detail = f"{where}, timestep {timestep}: {shown} is not one of the symbols "
            raise Unusable(detail + named(known))
    return list(timesteps)


def read_csv(text: str, description: Document) -> list[Document]:
    return examples_of(rows_of(text, columns_of(description)), description)


def columns_of(description: Document) -> set[str]:
    """The columns that the rows of a table need."""
    layout = description["csv"] or {}
    others = (layout.get("group_column"), layout.get("order_column"))
    return {*description["input"]["columns"], *(name for name in others if name)}


def examples_of(rows: Sequence[Row], description: Document) -> list[Document]:
    """One sequence for each group of rows, read as in training; each may be too long or short."""
    columns, layout = description["input"]["columns"], description["csv"] or {}
    group, order = layout.get("group_column"), layout.get("order_column")
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        groups.setdefault(label_of(row, group, description), []).append(row)
    examples = []
    for label, unordered in groups.items():
        members: list[Row] = unordered
        moments: list[Moment] = []
        if order:
            members, moments = ordered(unordered, order, is_date=layout["is_order_date"])
        kept = whole_rows(members, columns, layout.get("missing", "reject"))
        example: Document = {
            "series": label,
            "timesteps": [values for _, values in kept],
            "row_numbers": [members[place].number for place, _ in kept],
        }
        if order:
            example["moments"] = [moments[place] for place, _ in kept]
        examples.append(example)
    return examples


def rows_of(text: str, needed: set[str]) -> list[Row]:
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            table = [[cell.strip() for cell in row] for row in reader]
        except csv.Error as error:
            raise Unusable(f"line {reader.line_num}: {error}") from error
        names = table[0] if table else []
        if needed <= set(names):
            return checked_rows(table, names)
    raise Unusable(f"the table needs a header with the columns {named(sorted(needed))}")


def checked_rows(table: Sequence[Sequence[str]], names: Sequence[str]) -> list[Row]:
    found = []
    for number, cells in enumerate(table[1:], start=2):
        if not any(cells):
            continue
        if len(cells) != len(names):
            first = named(names[len(cells) : len(cells) + 1]) or f"number {len(names) + 1}"
            detail = f"it has {len(cells)} cells, and the header has {len(names)}"
            place = f"row {number}, column {first}"
            raise Unusable(f"{place}: {detail}", row=number)
        found.append(Row(number, dict(zip(names, cells, strict=True))))
    if not found:
        raise Unusable(f"the table has no row below its header, whose columns are {named(names)}")
    return found


def label_of(row: Row, group: str | None, description: Document) -> str | None:
    """The name of a series as in training: numbers are written with 17 digits."""
    if group is None:
        return None
    cell = row.cells[group]
    known = {each["series"] for each in description["input"]["scalings"]}
    if cell in MISSING and cell not in known:
        raise row.refused(group, f"a value is missing: {cell!r}")
    label = f"{float(cell):.17g}" if NUMBER.fullmatch(cell) else cell
    label = cell if known & {cell, None} else label
    if not known & {label, None}:
        raise row.refused(group, f"the network knows no series {cell!r}; it knows {named(known)}")
    return label


def ordered(rows: Sequence[Row], column: str, *, is_date: bool) -> tuple[list[Row], list[Moment]]:
    """Rows by their times, and the times. Raises Unusable for two rows with the same time."""
    timed: list[tuple[Row, Moment]] = []
    for row in rows:
        cell = row.cells[column]
        try:
            moment = read_moment(cell, is_date=is_date)
        except (ValueError, OverflowError) as error:
            wanted = "a date like 2024-01-31 or 2024-01-31T12:00:00" if is_date else "a number"
            raise row.refused(column, f"{cell[:SHOWN]!r} is not {wanted}") from error
        timed.append((row, moment))
    timed.sort(key=lambda each: each[1].value)
    for (before, earlier), (row, later) in pairwise(timed):
        if earlier.value == later.value:
            raise row.refused(column, f"the same time as row {before.number} of its series")
    return [row for row, _ in timed], [moment for _, moment in timed]


def whole_rows(
    rows: Sequence[Row], columns: Sequence[str], missing: str
) -> list[tuple[int, list[float]]]:
    """Position and numbers of the rows without gaps.

    Missing cells are refused, dropped with their row, or filled from the row above.
    """
    found: list[tuple[int, list[float]]] = []
    latest: dict[str, float] = {}
    for place, row in enumerate(rows):
        known = latest if missing == "forward_fill" else {}
        for column in columns:
            cell = row.cells[column]
            if cell not in MISSING:
                known[column] = number_of(row, column)
            elif missing == "reject":
                raise row.refused(column, f"a value is missing: {cell!r}")
        if len(known) == len(columns):
            found.append((place, [known[column] for column in columns]))
    return found


def number_of(row: Row, column: str) -> float:
    cell = row.cells[column]
    if not NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
        raise row.refused(column, f"{cell[:SHOWN]!r} is not a finite number")
    return float(cell)
