"""Small curves of many runs, kept in memory until a run changes."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from app.domain.errors import InvalidInput, NotFound
from app.domain.runs import Run
from app.domain.series import choose_points
from app.domain.windows.excerpt import EXACT_READINGS
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_history import read_history
from app.store.columns_of_runs import RunColumns, read_columns_of_runs
from app.store.database import UnitOfWork, unit_of_work

#: What is drawn of a run.
QUANTITIES = ("loss", "grad_norm")
#: Points of a curve; those of every bucket's extrema, so that a spike is seen.
MAX_POINTS = 48
#: Runs whose curves are kept, of about 2 KiB each.
MAX_KEPT = 5000
#: Steps of all runs that one statement reads, which is 16 MiB.
MAX_STEPS = 2**20


@dataclass(frozen=True, kw_only=True)
class SmallCurve:
    """A few points of a quantity."""

    quantity: str
    #: (p,) ascending.
    steps_p: NDArray[np.int32]
    values_p: NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Sparklines:
    """The curves of one run; empty before its first step."""

    curves: tuple[SmallCurve, ...] = ()


class SparklineCache:
    """Reads curves of runs, each once a version. Safe to be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[UUID, tuple[int, Sparklines]] = OrderedDict()

    def of(self, engine: Engine, runs: Sequence[Run]) -> list[Sparklines]:
        """Returns the curves in the order of the runs, read in one short transaction."""
        found = [self._find(run) for run in runs]
        missing = [run for run, one in zip(runs, found, strict=True) if one is None]
        if missing:
            with unit_of_work(engine, snapshot=True) as work:
                read = _read(work, missing)
            self._keep(missing, read)
            found = [
                read[run.id] if one is None else one for run, one in zip(runs, found, strict=True)
            ]
        return [one or Sparklines() for one in found]

    def _find(self, run: Run) -> Sparklines | None:
        with self._lock:
            version, kept = self._kept.get(run.id, (None, None))
            return kept if version == run.version else None

    def _keep(self, runs: Sequence[Run], read: Mapping[UUID, Sparklines]) -> None:
        with self._lock:
            for run in runs:
                self._kept[run.id] = (run.version, read[run.id])
                self._kept.move_to_end(run.id)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


def _read(work: UnitOfWork, runs: Sequence[Run]) -> dict[UUID, Sparklines]:
    """Reads short runs together, and the long ones by their windows."""
    found = {run.id: Sparklines() for run in runs}
    begun = [run for run in runs if run.progress_step > 0]
    for group in _groups([run for run in begun if run.progress_step <= EXACT_READINGS]):
        ids = [run.id for run in group]
        columns = read_columns_of_runs(work.session, ids, QUANTITIES)
        found |= {run_id: _reduced(one) for run_id, one in columns.items()}
    for run in begun:
        if run.progress_step > EXACT_READINGS:
            found[run.id] = _read_long(work, run)
    return found


def _groups(runs: Sequence[Run]) -> Iterator[list[Run]]:
    group: list[Run] = []
    for run in runs:
        if group and sum(one.progress_step for one in (*group, run)) > MAX_STEPS:
            yield group
            group = []
        group.append(run)
    if group:
        yield group


def _reduced(columns: RunColumns) -> Sparklines:
    return Sparklines(
        curves=tuple(
            SmallCurve(
                quantity=quantity,
                steps_p=columns.steps_n[kept_p],
                values_p=columns.values[quantity][kept_p],
            )
            for quantity in QUANTITIES
            if (kept_p := choose_points(columns.values[quantity], max_points=MAX_POINTS)).size
        )
    )


def _read_long(work: UnitOfWork, run: Run) -> Sparklines:
    # a run that was deleted meanwhile, or whose readings were, has no curves
    with suppress(InvalidInput, NotFound):
        history = read_history(
            work,
            workspace_id=run.workspace_id,
            run_id=run.id,
            query=HistoryQuery(quantities=QUANTITIES),
            max_points=MAX_POINTS,
        )
        return Sparklines(
            curves=tuple(
                SmallCurve(quantity=one.quantity, steps_p=one.steps_p, values_p=one.values_p)
                for one in history.excerpts
                if one.count
            )
        )
    return Sparklines()
