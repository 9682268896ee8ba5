"""List the living workers; a workspace sees only its own runs on them."""

from dataclasses import dataclass
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.runs import runs_within
from app.store.workers import Worker
from app.store.workers import list_workers as list_rows


@dataclass(frozen=True, kw_only=True)
class VisibleWorker:
    """What one workspace may see of a worker."""

    worker: Worker
    #: Runs of this workspace on the worker; `worker.run_ids` are those of all workspaces.
    run_ids: tuple[UUID, ...]


def list_workers(work: UnitOfWork, *, workspace_id: UUID) -> list[VisibleWorker]:
    workers = list_rows(work.session)
    running = {run_id for worker in workers for run_id in worker.run_ids}
    own = runs_within(work.session, workspace_id, running)
    return [
        VisibleWorker(worker=worker, run_ids=tuple(i for i in worker.run_ids if i in own))
        for worker in workers
    ]
