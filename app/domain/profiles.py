"""Profiles of uploads: columns, missing cells, and a suggested data set spec."""

from collections.abc import Iterator, Mapping
from typing import Self
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from app.domain.cautions.caution import Caution
from app.domain.cautions.codes import CautionCode
from app.domain.cautions.examine import Examined
from app.domain.compact import Compact
from app.domain.csv_cells import number
from app.domain.reader_options import Choice
from app.domain.tables import Column, ColumnType, Table
from app.domain.value_counts import most_frequent, num_distinct

#: Characters of a cell that are shown.
MAX_CELL_CHARACTERS = 40
#: Rows that are shown as they were understood.
PREVIEWED_ROWS = 5
#: Distinct labels of a text column that are listed.
MAX_LABELS = 20
#: Distinct characters of a text that are listed.
MAX_SYMBOLS = 200
UPLOADED_EARLIER = "uploaded to an earlier release: upload the file again for a suggestion"


class _Profile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OtherCell(_Profile):
    """The first cell of a text column that is not a number."""

    row: int
    """Number of the row; the header is row 1, and blank rows are not counted."""
    cell: str
    """The first 40 characters of the cell."""


class ColumnProfile(_Profile):
    """One column of an uploaded CSV."""

    name: str
    """Name of the column."""
    type: ColumnType
    """How its cells were understood."""
    missing: int
    """Number of rows without a value."""
    distinct: int
    """Number of distinct values."""
    most_frequent: int | None = None
    """Number of rows that have the most frequent value; null if it was not counted."""
    min: float | None = None
    """The smallest value; for dates, in seconds since 1970 UTC."""
    max: float | None = None
    """The largest value; for dates, in seconds since 1970 UTC."""
    mean: float | None = None
    """Mean of the numbers; null for other types."""
    labels: tuple[str, ...] = ()
    """The first distinct texts."""
    read_as: str | None = None
    """How cells were understood that are not plain numbers, ISO dates or texts."""
    not_numeric: OtherCell | None = None
    """The first cell that is not a number; null where all are numbers."""
    cautions: tuple[CautionCode, ...] = ()
    """Codes of all cautions about this column."""


class Suggestion(_Profile):
    """A data set spec for a first run on the upload, and why it is as it is."""

    dataset: Mapping[str, JsonValue] | None = None
    """A complete `dataset` of a job spec, which posts and trains. Null if there is nothing to train
    on; the reasons then say what is missing."""
    reasons: tuple[str, ...] = (UPLOADED_EARLIER,)
    """Why it is as it is, in sentences."""
    target: str | None = None
    """The column that is forecast; null for other kinds. As in `dataset`, like the next three."""
    window: int | None = None
    """Timesteps of the past that the model would see."""
    season: int | None = None
    """Period of the seasonal baseline, in timesteps; null for none."""
    time_column: str | None = None
    """Column that orders the rows; null for the order of the file."""

    def of_dataset(self, dataset_id: UUID) -> Self:
        """Returns the suggestion with the id of the stored data set."""
        if self.dataset is None:
            return self
        return self.model_copy(update={"dataset": {**self.dataset, "dataset_id": str(dataset_id)}})

    @model_validator(mode="before")
    @classmethod
    def _without_method(cls, value: object) -> object:
        """Earlier releases gave one sentence in place of the reasons."""
        given = value if isinstance(value, Mapping) else {}
        return {key: part for key, part in given.items() if key != "method"} or value


class CsvProfile(_Profile):
    """The contents of an uploaded CSV."""

    rows: int
    """Number of rows, without the header."""
    delimiter: str
    """What separates the cells."""
    columns: tuple[ColumnProfile, ...]
    """The columns, in the order of the file."""
    suggested: Suggestion = Suggestion()
    """A data set spec for a first run."""
    reader: Mapping[str, Choice] = {}
    """What each option of the reader was in the end, and why; empty for uploads of old."""
    preview: tuple[dict[str, str | int | float | bool | None], ...] = ()
    """The first rows as they were understood, dates in RFC 3339."""
    cautions: tuple[Caution, ...] = ()
    """What probably leads to a worse model, and what to do; at most 10 of one code, 60 in all."""
    num_cautions: int = 0
    """Number of all cautions, also those that are not listed."""


class TextProfile(_Profile):
    """The contents of an uploaded text."""

    characters: int
    """Number of characters."""
    lines: int
    """Number of lines."""
    distinct_symbols: int
    """Number of distinct characters."""
    symbols: str
    """The first 200 distinct characters, sorted."""
    suggested: Suggestion = Suggestion()
    """A data set spec for a first run."""


Profile = CsvProfile | TextProfile


def profile_csv(table: Table, *, reader: Mapping[str, Choice] | None = None) -> CsvProfile:
    return CsvProfile(
        rows=table.num_rows,
        delimiter=table.delimiter,
        columns=tuple(_profile_column(table, column) for column in table.columns),
        reader=reader or {},
        preview=tuple(_preview(table)),
    )


def with_cautions(profile: CsvProfile, examined: Examined) -> CsvProfile:
    columns = tuple(
        column.model_copy(update={"cautions": examined.codes.get(column.name, ())})
        for column in profile.columns
    )
    update = {"columns": columns, "cautions": examined.listed, "num_cautions": examined.count}
    return profile.model_copy(update=update)


def _preview(table: Table) -> Iterator[dict[str, str | int | float | bool | None]]:
    cells = {column.name: column.first(PREVIEWED_ROWS) for column in table.columns}
    for row in range(min(PREVIEWED_ROWS, table.num_rows)):
        yield {name: values[row] for name, values in cells.items()}


def profile_text(text: str) -> TextProfile:
    symbols = sorted(set(text))
    return TextProfile(
        characters=len(text),
        lines=text.count("\n") + (not text.endswith("\n")),
        distinct_symbols=len(symbols),
        symbols="".join(symbols[:MAX_SYMBOLS]),
    )


def _profile_column(table: Table, column: Column) -> ColumnProfile:
    if column.type.has_labels:
        return ColumnProfile(
            name=column.name,
            type=column.type,
            missing=column.num_missing,
            distinct=len(column.labels),
            most_frequent=most_frequent(column.known().stored_N),
            labels=tuple(column.labels[:MAX_LABELS]),
            not_numeric=_first_not_numeric(table, column),
            read_as=column.read_as,
        )
    known = column.known()
    bounds = _bounds(known)
    return ColumnProfile(
        name=column.name,
        type=column.type,
        missing=column.num_missing,
        distinct=num_distinct(known.stored_N),
        most_frequent=most_frequent(known.stored_N),
        min=bounds[0],
        max=bounds[1],
        mean=None if column.type is ColumnType.DATE else _mean(known),
        read_as=column.read_as,
    )


def _bounds(known: Compact) -> tuple[float | None, float | None]:
    if not known.stored_N.size:
        return None, None
    ends = np.array([known.stored_N.min(), known.stored_N.max()])
    least, greatest = Compact(stored_N=ends, scale=known.scale).values()
    return float(least), float(greatest)


def _first_not_numeric(table: Table, column: Column) -> OtherCell | None:
    """Returns None for booleans; labels are in the order in which they first appear."""
    if column.type.is_numeric:
        return None
    for code, label in enumerate(column.labels):
        if number(label) is None:
            row = table.first_row + int(np.argmax(column.codes() == code))
            return OtherCell(row=row, cell=label[:MAX_CELL_CHARACTERS])
    return None


def _mean(known: Compact) -> float | None:
    """Divides by the largest value first: a sum of very large numbers would overflow."""
    if not known.stored_N.size:
        return None
    if known.stored_N.dtype.kind == "i":
        return float(known.stored_N.mean(dtype=np.float64)) / known.scale
    scale = float(np.abs(known.stored_N).max()) or 1.0
    return float((known.stored_N / scale).mean()) * scale
