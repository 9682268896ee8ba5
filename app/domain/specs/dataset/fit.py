"""Checks by its profile whether an uploaded data set fits a spec."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.domain.errors import InvalidSpec, Problem
from app.domain.profiles import ColumnProfile, CsvProfile, Profile, TextProfile
from app.domain.specs.loss.base import Loss
from app.domain.specs.transform.base import Transform
from app.domain.tables import ColumnType

#: Pointer below `/dataset` -> the column that is named there, or None.
Columns = Mapping[str, str | None]
#: Most existing columns that are listed when one is missing; a table can have a thousand.
MAX_NAMED_COLUMNS = 20
#: Codes of problems that only the data reveals.
FIT_CODES = (
    "dataset_not_found",
    "dataset_kind_mismatch",
    "no_such_column",
    "column_not_numeric",
    "column_not_ordered",
    "column_not_dates",
    "column_constant",
    "target_negative",
    "no_logarithm",
    "missing_values",
    "longer_than_data",
    "data_not_usable",
    "too_few_sequences",
    "too_few_classes",
    "run_too_large",
)


def csv_profile(profile: Profile | None, *, kind: str) -> CsvProfile:
    """Returns the profile. Raises InvalidSpec if the upload is not a CSV."""
    if not isinstance(profile, CsvProfile):
        raise _wrong_kind(kind, needed="csv")
    return profile


def text_profile(profile: Profile | None, *, kind: str) -> TextProfile:
    """Returns the profile. Raises InvalidSpec if the upload is not a text."""
    if not isinstance(profile, TextProfile):
        raise _wrong_kind(kind, needed="text")
    return profile


def raise_any(problems: Iterable[Problem]) -> None:
    """Raises InvalidSpec if there is a problem."""
    if found := list(problems):
        raise _misfit(found)


def columns_of(name: str, columns: Sequence[str]) -> dict[str, str | None]:
    """Returns each of several columns by its pointer below `/dataset`."""
    return {f"{name}/{index}": column for index, column in enumerate(columns)}


def find(table: CsvProfile, name: str | None) -> ColumnProfile | None:
    return next((column for column in table.columns if column.name == name), None)


def absent(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    there = ", ".join(column.name for column in table.columns[:MAX_NAMED_COLUMNS])
    if len(table.columns) > MAX_NAMED_COLUMNS:
        there += f" and {len(table.columns) - MAX_NAMED_COLUMNS} more"
    for place, name in columns.items():
        if name is not None and find(table, name) is None:
            detail = f"there is no column {name!r}; there are {there}"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="no_such_column")


def not_numeric(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    for place, name in columns.items():
        column = find(table, name)
        if column is not None and not column.type.is_numeric:
            detail = f"column {name!r} holds {column.type}, not numbers"
            if (first := column.not_numeric) is not None:
                detail += f": the first is {first.cell!r} in row {first.row} (the header is row 1)"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_numeric")


def constant(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    for place, name in columns.items():
        column = find(table, name)
        if column is not None and column.min is not None and column.min == column.max:
            detail = f"column {name!r} is {column.min:g} in every row"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_constant")


def negative(table: CsvProfile, target: str, loss: Loss | None) -> Iterator[Problem]:
    """Yields a problem if the loss is for targets from 0 up and one is below."""
    column = find(table, target)
    needs_non_negative = loss is not None and loss.needs_non_negative
    if needs_non_negative and column is not None and column.min is not None and column.min < 0:
        detail = f"this loss is for values from 0 up, and column {target!r} has {column.min:g}"
        yield Problem(pointer="/dataset/loss", detail=detail, code="target_negative")


def without_logarithm(
    table: CsvProfile, target: str, transforms: Sequence[Transform]
) -> Iterator[Problem]:
    """Yields a problem for `log1p` of a target that is -1 or less somewhere."""
    column = find(table, target)
    if column is None or column.min is None or column.min > -1:
        return
    for place, part in enumerate(transforms):
        if part.kind == "log1p":
            detail = f"log1p is for values above -1, and column {target!r} has {column.min:g}"
            pointer = f"/dataset/transform/{place}"
            yield Problem(pointer=pointer, detail=detail, code="no_logarithm")


def not_ordered(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    for place, name in columns.items():
        column = find(table, name)
        if column is not None and column.type.has_labels:
            detail = f"column {name!r} holds text that is neither a number nor a date"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_ordered")


def not_dates(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    for place, name in columns.items():
        column = find(table, name)
        if column is not None and column.type is not ColumnType.DATE:
            detail = f"column {name!r} holds {column.type}, not dates, and a calendar needs dates"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="column_not_dates")


def with_gaps(table: CsvProfile, columns: Columns) -> Iterator[Problem]:
    for place, name in columns.items():
        column = find(table, name)
        if column is not None and column.missing:
            detail = f"column {name!r} has no value in {column.missing} of {table.rows} rows"
            yield Problem(pointer=f"/dataset/{place}", detail=detail, code="missing_values")


def _misfit(problems: Sequence[Problem]) -> InvalidSpec:
    detail = f"The data set does not fit the spec: {problems[0].detail}."
    return InvalidSpec(detail, problems=problems)


def _wrong_kind(kind: str, *, needed: str) -> InvalidSpec:
    detail = f"{kind} needs a data set of kind {needed}"
    code = "dataset_kind_mismatch"
    return _misfit([Problem(pointer="/dataset/dataset_id", detail=detail, code=code)])
