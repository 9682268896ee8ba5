"""Examples from a table, a JSON document or a text.

Messages name row, column and cell of what cannot be used. The header of a table is row 1.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from worker.publishing.program.cells import SHOWN, Conventions, Row
from worker.publishing.program.dates import iso_moment
from worker.publishing.program.network import Document, Unusable, named, one_line
from worker.publishing.program.tables import decoded, rows_of, rows_of_objects
from worker.publishing.program.times import Moment

#: Parts of an example that have one entry for each timestep.
OF_TIMESTEPS = ("timesteps", "row_numbers", "moments")
#: Endings of files with a JSON object in each line.
JSON_LINES = {".jsonl", ".ndjson"}

#: The rows of each time, and the time.
Timed = list[tuple[list[Row], Moment | None]]


def read_examples(path: Path, description: Document) -> list[Document]:
    """Sequences of a file, each cut to the timesteps that the network reads."""
    reading = description["input"]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{str(path)!r} cannot be read: {error.strerror}") from error
    name = repr(str(path))
    if path.suffix == ".json":
        examples = read_json(decoded(content, name), description)
    elif path.suffix in JSON_LINES:
        lines = [line for line in decoded(content, name).splitlines() if line.strip()]
        objects = [parsed(line, f"row {number}") for number, line in enumerate(lines, start=1)]
        examples = examples_of(rows_of_objects(objects, columns_of(description)), description)
    elif reading["kind"] == "numbers":
        rows = rows_of(content, name, columns_of(description), description["csv"] or {})
        examples = examples_of(rows, description)
    else:
        examples = [example_of_text(decoded(content, name), reading)]
    return [cut(example, reading) for example in examples]


def parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{name} is not JSON: {one_line(error)}") from error


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


def read_json(text: str, description: Document) -> list[Document]:
    """Raises Unusable with the input, timestep and column of a value that cannot be used."""
    document, reading = parsed(text, "the file"), description["input"]
    if isinstance(document, dict) and isinstance(document.get("rows"), list):
        rows = rows_of_objects(document["rows"], columns_of(description))
        return examples_of(rows, description)
    found = document.get("inputs") if isinstance(document, dict) else document
    if not isinstance(found, list) or not found:
        detail = '{"rows": [{column: value}, …]} or {"inputs": [{"timesteps": […]}, …]}'
        raise Unusable(f"the document is {detail}, with at least one")
    return [json_example(each, reading, f"input {at}") for at, each in enumerate(found, start=1)]


def json_example(each: Any, reading: Document, where: str) -> Document:
    """The timesteps of one input, and their times where it has `times`."""
    given = each if isinstance(each, dict) else {"timesteps": each}
    timesteps = given.get("timesteps")
    if not isinstance(timesteps, list | str):
        raise Unusable(f"{where} has no list of timesteps")
    is_numbers = reading["kind"] == "numbers"
    checked = (rows_of_numbers if is_numbers else symbols_of)(timesteps, reading, where)
    example: Document = {"series": given.get("series"), "timesteps": checked}
    if reading.get("calendar") and given.get("times") is not None:
        moments = moments_of(given["times"], where)
        example["moments"] = moments[: len(timesteps)]
        example["moments_ahead"] = moments[len(timesteps) :]
        if len(moments) < len(timesteps):
            raise Unusable(f"{where} has {len(moments)} times and {len(timesteps)} timesteps")
    return example


def moments_of(times: Any, where: str) -> list[Moment]:
    """Raises Unusable for a time that is not a date in ISO 8601."""
    if not isinstance(times, list):
        raise Unusable(f"{where}: times is a list of dates")
    moments = []
    for place, time in enumerate(times, start=1):
        try:
            moments.append(iso_moment(time))
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            shown = json.dumps(time)[:SHOWN]
            raise Unusable(f"{where}, time {place}: {shown} is not a date") from error
    return moments


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


def columns_of(description: Document) -> set[str]:
    """The columns that the rows of a table need."""
    layout = description["csv"] or {}
    order = layout.get("order_column")
    clocks = (
        each.get("clock_column") for each in layout.get("formats") or () if each["column"] == order
    )
    others = (layout.get("group_column"), order, *clocks)
    return {*description["input"]["columns"], *(name for name in others if name)}


def examples_of(rows: Sequence[Row], description: Document) -> list[Document]:
    """One sequence for each group of rows, read as in training; each may be too long or short."""
    columns, layout = description["input"]["columns"], description["csv"] or {}
    group, order = layout.get("group_column"), layout.get("order_column")
    conventions = Conventions(layout)
    times: Sequence[Moment | None] = [None] * len(rows)
    if order:
        refuse_missing(rows, order, conventions)
        times = conventions.moments(rows, order, is_date=layout["is_order_date"])
    groups: dict[str | None, list[tuple[Row, Moment | None]]] = {}
    for row, moment in zip(rows, times, strict=True):
        label = label_of(row, group, description, conventions)
        groups.setdefault(label, []).append((row, moment))
    examples = []
    for label, members in groups.items():
        timed: Timed = [([row], moment) for row, moment in members]
        if order:
            timed = ordered(members, order, equal_times=layout.get("equal_times", "refuse"))
        later: list[Moment | None] = []
        if description["input"].get("calendar"):
            timed, later = without_future(timed, columns, conventions)
        together = [rows for rows, _ in timed]
        kept = whole_rows(together, columns, layout.get("missing", "reject"), conventions)
        example: Document = {
            "series": label,
            "timesteps": [values for _, values in kept],
            "row_numbers": [together[place][0].number for place, _ in kept],
        }
        if order:
            example["moments"] = [timed[place][1] for place, _ in kept]
            example["moments_ahead"] = later
        examples.append(example)
    return examples


def without_future(
    timed: Timed, columns: Sequence[str], conventions: Conventions
) -> tuple[Timed, list[Moment | None]]:
    """The times up to the last one with a value, and those after it."""
    count = len(timed)
    while count and all(
        conventions.is_missing(row, each) for row in timed[count - 1][0] for each in columns
    ):
        count -= 1
    return timed[:count], [moment for _, moment in timed[count:]]


def refuse_missing(rows: Sequence[Row], column: str, conventions: Conventions) -> None:
    for row in rows:
        if conventions.is_missing(row, column):
            raise row.refused(column, f"a value is missing: {row.cells[column]!r}")


def label_of(
    row: Row, group: str | None, description: Document, conventions: Conventions
) -> str | None:
    """The name of a series as in training: numbers are written with 17 digits."""
    if group is None:
        return None
    cell = row.cells[group]
    known = {each["series"] for each in description["input"]["scalings"]}
    if cell not in known:
        refuse_missing([row], group, conventions)
    label = cell if cell in known else conventions.label(row, group)
    if not known & {label, None}:
        raise row.refused(group, f"the network knows no series {cell!r}; it knows {named(known)}")
    return label


def ordered(
    members: Sequence[tuple[Row, Moment | None]], column: str, *, equal_times: str
) -> Timed:
    """The rows of each time, in order.

    Of rows with the same time, the second is refused, the first is kept, or all are for their mean.
    """
    found: Timed = []
    latest = math.nan
    for row, moment in sorted(members, key=value_of):
        value = value_of((row, moment))
        if value != latest:
            found.append(([row], moment))
        elif equal_times == "refuse":
            before = found[-1][0][0].number
            raise row.refused(column, f"the same time as row {before} of its series")
        elif equal_times == "mean":
            found[-1][0].append(row)
        latest = value
    return found


def value_of(member: tuple[Row, Moment | None]) -> float:
    return math.nan if member[1] is None else member[1].value


def whole_rows(
    members: Sequence[Sequence[Row]],
    columns: Sequence[str],
    missing: str,
    conventions: Conventions,
) -> list[tuple[int, list[float]]]:
    """Position and numbers of the times without gaps; several rows of a time give their mean.

    Missing cells are refused, dropped with their row, or filled from the row above.
    """
    found: list[tuple[int, list[float]]] = []
    latest: dict[str, float] = {}
    for place, rows in enumerate(members):
        known = latest if missing == "forward_fill" else {}
        for column in columns:
            empty = [row for row in rows if conventions.is_missing(row, column)]
            if empty and missing == "reject":
                raise empty[0].refused(column, f"a value is missing: {empty[0].cells[column]!r}")
            there = [row for row in rows if not conventions.is_missing(row, column)]
            if there:
                known[column] = sum(conventions.number(row, column) for row in there) / len(there)
        if len(known) == len(columns):
            found.append((place, [known[column] for column in columns]))
    return found
