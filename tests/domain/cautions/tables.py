"""Tables for cautions, from arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.caution import Caution
from app.domain.cautions.examine import examine
from app.domain.cautions.roles import Roles
from app.domain.cautions.subject import Subject
from app.domain.compact import Compact
from app.domain.tables import Column, ColumnType, Table

HOUR_S = 3600.0
#: A Monday.
START_S = 1609718400.0
Values = NDArray[np.float64] | NDArray[np.int64] | Sequence[str]


def hours(count: int, *, step_s: float = HOUR_S) -> NDArray[np.float64]:
    return START_S + step_s * np.arange(count, dtype=np.float64)


def dates(*texts: str) -> NDArray[np.float64]:
    return np.array(texts, dtype="datetime64[s]").astype(np.float64)


def table(time: NDArray[np.float64] | None = None, **columns: Values) -> Table:
    """Makes a table, with dates as its first column where times are given."""
    made = [] if time is None else [Column.of_values("time", ColumnType.DATE, time)]
    made += [column(name, values) for name, values in columns.items()]
    num_rows = made[0].numbers.stored_N.size
    return Table(columns=tuple(made), num_rows=num_rows, delimiter=",")


def column(name: str, values: Values) -> Column:
    if not isinstance(values, np.ndarray):
        labels = tuple(dict.fromkeys(value for value in values if value))
        codes_N = np.array([labels.index(value) if value else -1 for value in values])
        return Column(
            name=name,
            type=ColumnType.TEXT,
            numbers=Compact(stored_N=codes_N),
            missing_N=codes_N < 0 if (codes_N < 0).any() else None,
            labels=labels,
        )
    kind = ColumnType.INTEGER if values.dtype.kind == "i" else ColumnType.NUMBER
    return Column.of_values(name, kind, values.astype(np.float64))


def cautions(data: Table, **roles: object) -> dict[str, Caution]:
    """Returns the first caution of each code; the target is y unless it is said otherwise."""
    has_time = any(each.name == "time" for each in data.columns)
    usual: dict[str, object] = {"target": "y", "time_column": "time" if has_time else None}
    given = Roles(**(usual | roles))  # type: ignore[arg-type] # the fields have several types
    found: dict[str, Caution] = {}
    for each in examine(Subject.of(data, given)).listed:
        found.setdefault(str(each.code), each)
    return found


def season(count: int = 1000, *, seed: int = 1) -> NDArray[np.float64]:
    """A day's season with noise, between 0 and 50."""
    noise = np.random.default_rng(seed).normal(size=count)
    return np.round(25 + 10 * np.sin(2 * np.pi * np.arange(count) / 24) + 3 * noise, 2)


def walk(count: int = 1000, *, seed: int = 1) -> NDArray[np.float64]:
    return np.cumsum(np.random.default_rng(seed).normal(size=count))
