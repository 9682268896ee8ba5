"""List the workers that are there; of what they run, a workspace sees its own runs alone."""

from dataclasses import dataclass
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.runs import runs_within
from app.store.workers import Worker
from app.store.workers import list_workers as list_rows


@dataclass(frozen=True, kw_only=True)
class SeenWorker:
    """A worker as one workspace sees it."""

    worker: Worker
    #: Runs of this workspace that it trains; `worker.run_ids` are those of all.
    run_ids: tuple[UUID, ...]


def list_workers(work: UnitOfWork, *, workspace_id: UUID) -> list[SeenWorker]:
    workers = list_rows(work.session)
    busy = {run_id for worker in workers for run_id in worker.run_ids}
    own = runs_within(work.session, workspace_id, busy)
    return [
        SeenWorker(worker=worker, run_ids=tuple(i for i in worker.run_ids if i in own))
        for worker in workers
    ]
