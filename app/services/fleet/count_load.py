"""Count runs by status and living workers, over all workspaces, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.store.database import UnitOfWork
from app.store.holds import count_held
from app.store.installation import count_malformed_messages
from app.store.runs import count_by_status
from app.store.workers import list_workers


@dataclass(frozen=True, kw_only=True)
class Load:
    """The number of runs and preflights by status, and the capacity of the workers."""

    runs: Mapping[str, int]
    preflights: Mapping[str, int]
    workers: int
    #: Runs that the living workers can train at the same time.
    slots: int
    #: Queued runs that wait for space in the artifact folder.
    held_runs: int
    #: Messages at the broker that workers ignored, since the first start.
    malformed_messages: int


def count_load(work: UnitOfWork) -> Load:
    workers = list_workers(work.session)
    return Load(
        runs=count_by_status(work.session),
        preflights=count_by_status(work.session, preflights=True),
        workers=len(workers),
        slots=sum(worker.slots for worker in workers),
        held_runs=count_held(work.session),
        malformed_messages=count_malformed_messages(work.session),
    )
