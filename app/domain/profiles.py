"""Profiles of uploads: columns, missing cells, and a suggested target and window."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from app.domain.compact import Compact
from app.domain.csv_cells import number
from app.domain.reader_options import Choice
from app.domain.tables import Column, ColumnType, Table
from app.domain.value_counts import most_frequent, num_distinct

#: Suggested window without a season, in timesteps.
DEFAULT_WINDOW = 48
#: Smallest autocorrelation at a season.
MIN_SEASON_CORRELATION = 0.3
#: Share of the highest peak at which an earlier one is the season: the highest is a multiple then.
AS_GOOD_AS_PEAK = 0.9
#: Number of last timesteps in which a season is searched.
MAX_SEASON_SAMPLE = 20_000
#: Fewest timesteps in which a season is searched.
MIN_SEASON_SAMPLE = 32
#: Largest residual of a straight line by round-off, relative to the line's largest value.
ROUND_OFF = 1e-9
#: Characters of a cell that are shown.
MAX_CELL_CHARACTERS = 40
#: Rows that are shown as they were understood.
PREVIEWED_ROWS = 5
#: Distinct labels of a text column that are listed.
MAX_LABELS = 20
#: Distinct characters of a text that are listed.
MAX_SYMBOLS = 200


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
    type: ColumnType
    missing: int
    """Number of rows without a value."""
    distinct: int
    most_frequent: int | None = None
    """Number of rows that have the most frequent value; null if it was not counted."""
    min: float | None = None
    """The smallest value; for dates, in seconds since 1970 UTC."""
    max: float | None = None
    """The largest value; for dates, in seconds since 1970 UTC."""
    mean: float | None = None
    labels: tuple[str, ...] = ()
    """The first distinct texts."""
    read_as: str | None = None
    """How cells were understood that are not plain numbers, ISO dates or texts."""
    not_numeric: OtherCell | None = None


class Suggestion(_Profile):
    """A suggested forecast; target and window are null if no column can be forecast."""

    target: str | None
    window: int | None
    """Timesteps of the past that the model sees."""
    season: int | None
    """Timesteps after which the target repeats; null if no season was found."""
    time_column: str | None
    method: str
    """How the suggestion was found."""


class CsvProfile(_Profile):
    """The contents of an uploaded CSV."""

    rows: int
    delimiter: str
    columns: tuple[ColumnProfile, ...]
    suggested: Suggestion
    reader: Mapping[str, Choice] = {}
    """What each option of the reader was in the end, and why; empty for uploads of old."""
    preview: tuple[dict[str, str | int | float | bool | None], ...] = ()
    """The first rows as they were understood, dates in RFC 3339."""


class TextProfile(_Profile):
    """The contents of an uploaded text."""

    characters: int
    lines: int
    distinct_symbols: int
    symbols: str
    """The first 200 distinct characters, sorted."""


Profile = CsvProfile | TextProfile


def profile_csv(table: Table, *, reader: Mapping[str, Choice] | None = None) -> CsvProfile:
    return CsvProfile(
        rows=table.num_rows,
        delimiter=table.delimiter,
        columns=tuple(_profile_column(table, column) for column in table.columns),
        suggested=_suggest(table),
        reader=reader or {},
        preview=tuple(_preview(table)),
    )


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


def find_season(values_N: NDArray[np.float64]) -> int | None:
    """Returns the season in timesteps: the first high peak of the autocorrelation; None if weak.

    The straight line is subtracted from the series first, and lags before the first zero of the
    autocorrelation are skipped. Multiples of a season have equally high peaks up to noise, so the
    first high peak is the season even if a later one is slightly higher. Computed by FFT.
    """
    series_N = values_N[np.isfinite(values_N)]
    length = series_N.size
    if length < MIN_SEASON_SAMPLE or series_N.min() == series_N.max():
        return None
    time_N = np.linspace(-1, 1, length)
    centred_N = series_N / np.abs(series_N).max()
    centred_N = centred_N - np.polynomial.Polynomial.fit(time_N, centred_N, 1)(time_N)
    if np.abs(centred_N).max() < ROUND_OFF:  # a straight line has no season
        return None
    spectrum = np.abs(np.fft.rfft(centred_N, 2 * length)) ** 2
    correlation_L = np.fft.irfft(spectrum)[: length // 3]
    correlation_L = correlation_L / correlation_L[0]
    past_zero_L = np.where(np.logical_or.accumulate(correlation_L < 0), correlation_L, 0.0)
    peak = past_zero_L.max()
    if peak < MIN_SEASON_CORRELATION:
        return None
    (high,) = np.nonzero(past_zero_L >= AS_GOOD_AS_PEAK * peak)
    first, num_lags = int(high[0]), 1 + int(np.argmin(np.diff(high, append=-1) == 1))
    return first + int(np.argmax(past_zero_L[first : first + num_lags]))


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


def _suggest(table: Table) -> Suggestion:
    time_column = _time_column(table.columns)
    numeric = [
        column
        for column in table.columns
        if column.type in {ColumnType.NUMBER, ColumnType.INTEGER}
        and column is not time_column
        and _varies(column)
    ]
    if not numeric:
        method = "no numeric column varies"
        name = time_column.name if time_column else None
        return Suggestion(target=None, window=None, season=None, time_column=name, method=method)
    target = numeric[-1]
    season = find_season(target.tail(MAX_SEASON_SAMPLE))
    window = min(2 * season if season else DEFAULT_WINDOW, max(2, table.num_rows // 5))
    return Suggestion(
        target=target.name,
        window=window,
        season=season,
        time_column=time_column.name if time_column else None,
        method=(
            "the last numeric column; the window is two seasons, by the peak of its autocorrelation"
            if season
            else "the last numeric column; no season was found, so the window is the default"
        ),
    )


def _time_column(columns: Sequence[Column]) -> Column | None:
    """Returns the first column of dates, otherwise the first column if its numbers always rise."""
    for column in columns:
        if column.type is ColumnType.DATE:
            return column
    first = columns[0]
    stored_N = first.numbers.stored_N
    rises = (
        first.type in {ColumnType.NUMBER, ColumnType.INTEGER}
        and first.missing_N is None
        and bool((stored_N[1:] > stored_N[:-1]).all())
    )
    return first if rises and len(columns) > 1 else None


def _varies(column: Column) -> bool:
    known_n = column.known().stored_N
    return bool(known_n.size and known_n.min() < known_n.max())
