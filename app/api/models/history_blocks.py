"""Readings of a history a block at a time, for every form in which they are streamed.

Legend: p readings of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from app.domain.windows.excerpt import Excerpt
from app.services.telemetry.export_history import export_pages
from app.services.telemetry.plan_history import HistoryPlan
from app.services.telemetry.read_history import History
from app.store.database import unit_of_work


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive readings of one series."""

    quantity: str
    scope: str
    #: (p,) ascending.
    steps_p: NDArray[np.int32]
    #: (p,) microseconds since 1970 UTC.
    recorded_at_p: NDArray[np.int64]
    #: (p,) float32 or float64, as stored.
    values_p: NDArray[np.floating]


def export_blocks(engine: Engine, plan: HistoryPlan) -> Iterator[Block]:
    """Every reading. Each page is read in its own transaction, so that a slow client holds none."""
    for page in export_pages(plan):
        with unit_of_work(engine) as work:
            series = page.read(work)
        if series.steps_n.size:
            yield Block(
                quantity=series.quantity,
                scope=series.scope,
                steps_p=series.steps_n,
                recorded_at_p=series.recorded_at_n,
                values_p=series.values_n,
            )


def point_blocks(history: History) -> Iterator[Block]:
    """The points of each series. The history was read with `x="time"`."""
    for one in history.excerpts:
        if one.steps_p.size:
            yield Block(
                quantity=one.quantity,
                scope=one.scope,
                steps_p=one.steps_p,
                recorded_at_p=recorded_at(one, history),
                values_p=one.values_p,
            )


def recorded_at(excerpt: Excerpt, history: History) -> NDArray[np.int64]:
    """(p,) microseconds since 1970 UTC of the points; empty if they were not read."""
    if excerpt.recorded_at_p is not None:
        return excerpt.recorded_at_p
    if history.clock is None:
        return np.empty(0, dtype=np.int64)
    return history.clock.recorded_at(excerpt.steps_p)
