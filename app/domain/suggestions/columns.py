"""The target of a forecast and its features.

Shapes: N rows, S series, K values.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.profiles import ColumnProfile, CsvProfile
from app.domain.suggestions.layout import Layout
from app.domain.suggestions.names import is_numbering, is_series, is_target
from app.domain.suggestions.times import is_part_of_calendar
from app.domain.tables import Column, ColumnType, Table
from app.domain.telemetry import DoubleArray

#: Most features. A network reads all of them at each timestep, and more are seldom better at first.
MAX_FEATURES = 16
#: Largest share of missing values of a feature; filled in, more of them would be made up.
MAX_MISSING = 0.2
#: The same for the target, of which only measured values are trained on and scored.
MAX_TARGET_MISSING = 0.9
#: Share of the series in whose training part a feature may be constant; those are left out.
MAX_CONSTANT = 0.1
#: Largest size of a value: the squares of larger ones overflow when a column is scaled.
MAX_SIZE = 1e100
#: Columns that are tried as the target.
MAX_TARGETS = 5


def targets_of(table: Table, profile: CsvProfile, layout: Layout) -> list[Column]:
    """Returns the columns that may be forecast, the likeliest first."""
    numbers = [
        (column, about)
        for column, about in zip(table.columns, profile.columns, strict=True)
        if column.type in {ColumnType.NUMBER, ColumnType.INTEGER}
        and _varies(column, about, layout, rows=profile.rows, most=MAX_TARGET_MISSING)
    ]
    found = [
        column
        for column, about in numbers
        if not is_name_of_rows(column, about, rows=profile.rows) and not is_part_of_calendar(column)
    ] or [column for column, _ in numbers]
    found.reverse()  # the last column is the target in most public files
    found.sort(key=lambda column: not is_target(column.name))
    return found[:MAX_TARGETS]


def features_of(
    table: Table, profile: CsvProfile, layout: Layout, target: Column, *, train_share: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the features, and sentences on columns that are left out."""
    usable: list[Column] = []
    constant: list[str] = []
    for column, about in zip(table.columns, profile.columns, strict=True):
        if column.name == target.name or not column.type.is_numeric:
            continue
        is_used = _varies(column, about, layout, rows=profile.rows, most=MAX_MISSING)
        if not is_used or is_name_of_rows(column, about, rows=profile.rows):
            continue
        if constant_share(column, layout, train_share=train_share) > MAX_CONSTANT:
            constant.append(column.name)
        else:
            usable.append(column)
    reasons = []
    if constant:
        reasons.append(f"features: without {_list(constant)}, constant in the training part")
    if len(usable) > MAX_FEATURES:
        reasons.append(
            f"features: the {MAX_FEATURES} of {len(usable)} that go most with the target"
        )
        usable = _closest(usable, target, layout)
    return tuple(column.name for column in usable), tuple(reasons)


def measured_spans(target: Column, layout: Layout) -> NDArray[np.int64]:
    """Returns (S,) the number of rows from the first to the last measured value of each series."""
    if target.missing_N is None:
        return layout.sizes
    is_known_N = ~target.missing_N[layout.rows_N]
    place_N = np.arange(len(is_known_N))
    first_S = np.minimum.reduceat(np.where(is_known_N, place_N, len(place_N)), layout.starts_S)
    last_S = np.maximum.reduceat(np.where(is_known_N, place_N, -1), layout.starts_S)
    spans_S: NDArray[np.int64] = np.maximum(1, last_S - first_S + 1)
    return spans_S


def constant_share(column: Column, layout: Layout, *, train_share: float) -> float:
    """Returns the share of series in whose training part the column has one value at most."""
    first_S = layout.starts_S
    size_S = np.maximum(1, np.round(layout.sizes * train_share).astype(np.int64))
    bounds_2S = np.stack([first_S, first_S + size_S], axis=1).ravel()
    bounds_2S = bounds_2S[: -1 if bounds_2S[-1] == len(layout.rows_N) else None]
    values_N = column.values()[layout.rows_N]
    least_S = np.fmin.reduceat(values_N, bounds_2S)[::2]
    most_S = np.fmax.reduceat(values_N, bounds_2S)[::2]
    return float((~(most_S > least_S)).mean())


def _varies(
    column: Column, about: ColumnProfile, layout: Layout, *, rows: int, most: float
) -> bool:
    """Returns whether the column varies, can be scaled, and neither orders nor groups the rows."""
    if column.name in layout.clock or column.name == layout.series_column:
        return False
    if about.missing > most * rows or about.distinct <= 1:
        return False
    return max(abs(about.min or 0.0), abs(about.max or 0.0)) <= MAX_SIZE


def is_name_of_rows(column: Column, about: ColumnProfile, *, rows: int) -> bool:
    """Returns whether whole numbers name or number the rows."""
    if column.type is not ColumnType.INTEGER:
        return False
    if is_numbering(column.name) or (about.distinct == rows and is_series(column.name)):
        return True
    change_N = np.diff(column.numbers.stored_N.astype(np.int64))
    return bool(change_N.size and abs(int(change_N[0])) == 1 and (change_N == change_N[0]).all())


def _closest(usable: Sequence[Column], target: Column, layout: Layout) -> list[Column]:
    """Returns the features with the largest correlation with the next value of the target."""
    rows_N = layout.rows_N
    wanted_N = target.values()[rows_N][1:]
    size = {
        column.name: abs(_correlation(column.values()[rows_N][:-1], wanted_N)) for column in usable
    }
    names = sorted(size, key=lambda name: -size[name])[:MAX_FEATURES]
    return [column for column in usable if column.name in names]


def _correlation(one_K: DoubleArray, other_K: DoubleArray) -> float:
    """Returns the correlation over the rows that have both values; 0 if it is not defined."""
    is_known_K: NDArray[np.bool_] = np.isfinite(one_K) & np.isfinite(other_K)
    count = max(1, int(is_known_K.sum()))
    one_k, other_k = (
        each[is_known_K] - each[is_known_K].sum() / count for each in (one_K, other_K)
    )
    size = float(np.sqrt(np.square(one_k).sum()) * np.sqrt(np.square(other_k).sum()))
    return float(one_k @ other_k) / size if size else 0.0


def _list(names: Sequence[str], *, most: int = 5) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
