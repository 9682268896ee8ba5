"""Small curves of many runs, kept in memory until a run changes."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.errors import InvalidInput, NotFound
from app.domain.runs import Run
from app.domain.windows.excerpt import Excerpt
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_history import read_history
from app.store.database import UnitOfWork, unit_of_work

#: What is drawn of a run.
QUANTITIES = ("loss", "grad_norm")
#: Points of a curve; those of every bucket's extrema, so that a spike is seen.
MAX_POINTS = 48
#: Runs whose curves are kept, of about 2 KiB each.
MAX_KEPT = 5000


@dataclass(frozen=True, kw_only=True)
class Sparklines:
    """The curves of one run; empty before its first step."""

    excerpts: tuple[Excerpt, ...] = ()


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
                read = {run.id: _read(work, run) for run in missing}
            self._keep(missing, read)
            found = [
                read[run.id] if one is None else one for run, one in zip(runs, found, strict=True)
            ]
        return [one or Sparklines() for one in found]

    def _find(self, run: Run) -> Sparklines | None:
        with self._lock:
            version, kept = self._kept.get(run.id, (None, None))
            return kept if version == run.version else None

    def _keep(self, runs: Sequence[Run], read: dict[UUID, Sparklines]) -> None:
        with self._lock:
            for run in runs:
                self._kept[run.id] = (run.version, read[run.id])
                self._kept.move_to_end(run.id)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


def _read(work: UnitOfWork, run: Run) -> Sparklines:
    if run.progress_step == 0:
        return Sparklines()
    # a run that was deleted meanwhile, or whose readings were, has no curves
    with suppress(InvalidInput, NotFound):
        history = read_history(
            work,
            workspace_id=run.workspace_id,
            run_id=run.id,
            query=HistoryQuery(quantities=QUANTITIES),
            max_points=MAX_POINTS,
        )
        return Sparklines(excerpts=tuple(one for one in history.excerpts if one.count))
    return Sparklines()
