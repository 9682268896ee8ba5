"""What is known of one kind of caution, and what it found in one data set."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.column import ColumnView
from app.domain.cautions.subject import Subject

#: The source of limits that were chosen without a measurement.
CHOSEN = "chosen"
#: The source of limits that were set between clean series and the same series with the fault.
CALIBRATED = "between clean and faulty series"


def no_rows() -> NDArray[np.integer]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One number that a caution depends on."""

    name: str
    value: float
    #: 1 if it has no dimension.
    unit: str
    meaning: str
    source: str = CHOSEN


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a caution is about."""

    #: None if it is about the whole table.
    column: str | None
    #: Some sentences: the numbers, and what to do.
    detail: str
    #: Positions in the table of the rows that are meant; empty if it is about all of them.
    rows_n: NDArray[np.integer] = field(default_factory=no_rows)


@dataclass(frozen=True, kw_only=True)
class ColumnCard:
    """A caution that one column alone shows."""

    #: Stable, lower snake case.
    code: str
    #: One sentence that describes what was noticed.
    summary: str
    #: What a client can change.
    advice: str
    limits: tuple[Limit, ...]
    #: None if there is nothing to say.
    find: Callable[[ColumnView], Found | None]


@dataclass(frozen=True, kw_only=True)
class TableCard:
    """A caution that times, series or several columns together show."""

    #: Stable, lower snake case.
    code: str
    #: One sentence that describes what was noticed.
    summary: str
    #: What a client can change.
    advice: str
    limits: tuple[Limit, ...]
    find: Callable[[Subject], Iterable[Found]]


CautionCard = ColumnCard | TableCard
