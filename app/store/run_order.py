"""In which order runs are listed, and where a page of such a list begins."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Double, and_, cast, extract, func, or_

from app.store.tables import runs
from app.store.times import database_now

#: A metric of a split: `metric:validation.mse`.
METRIC = re.compile(r"metric:(train|validation|test)\.([a-z0-9_]{1,60})")


def metric_of(split: str, name: str) -> ColumnElement[float]:
    """Returns a run's latest score; null where there is none."""
    return cast(runs.c.metrics[split][name].astext, Double)


def _duration() -> ColumnElement[float]:
    """Seconds since the start, until the end or until now; null before the start."""
    seconds = extract("epoch", func.coalesce(runs.c.ended_at, database_now()) - runs.c.started_at)
    return cast(seconds, Double)


_ORDERS: Mapping[str, Callable[[], ColumnElement[float]]] = MappingProxyType(
    {
        "created_at": lambda: cast(extract("epoch", runs.c.created_at), Double),
        "ended_at": lambda: cast(extract("epoch", runs.c.ended_at), Double),
        "duration": _duration,
        "progress": lambda: cast(runs.c.progress_step, Double),
    }
)
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """A key by which runs are listed; runs without a value come last, then the newest first."""

    #: One of `ORDERS`, or `metric:<split>.<name>`.
    key: str = "created_at"
    is_descending: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `duration`, or `-duration` for the largest first. The text must be valid."""
        return cls(key=text.removeprefix("-"), is_descending=text.startswith("-"))

    @property
    def value(self) -> ColumnElement[float]:
        metric = METRIC.fullmatch(self.key)
        return metric_of(*metric.groups()) if metric else _ORDERS[self.key]()

    def columns(self) -> Sequence[ColumnElement[Any]]:
        """What a statement is ordered by."""
        value = self.value.desc() if self.is_descending else self.value.asc()
        return (value.nulls_last(), runs.c.id.desc())

    def after(self, last: "RunPlace") -> ColumnElement[bool]:
        """Whether a run comes after the last one of a page."""
        value, is_older = self.value, runs.c.id < last.run_id
        if last.value is None:
            return and_(value.is_(None), is_older)
        later = value < last.value if self.is_descending else value > last.value
        return or_(later, and_(value == last.value, is_older), value.is_(None))


#: The newest first.
NEWEST = RunOrder()


@dataclass(frozen=True, kw_only=True)
class RunPlace:
    """The place of a run in a list."""

    #: Of the order's key; None where the run has none.
    value: float | None
    run_id: UUID
