"""Let a worker finish its runs and claim nothing more, or claim runs again."""

from uuid import UUID

from app.domain.audit import Act
from app.domain.errors import NotFound
from app.services.accounts.check_operator import check_operator
from app.services.fleet.list_workers import VisibleWorker, list_workers
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workers import end_drain, request_drain


def drain_worker(
    work: UnitOfWork, *, caller_workspace_id: UUID, worker_id: UUID, is_drained: bool
) -> VisibleWorker:
    """Drains the worker, or ends that.

    Raises Forbidden unless the caller is an operator, and NotFound for a worker that is gone.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    (request_drain if is_drained else end_drain)(work.session, worker_id)
    act = Act.WORKER_DRAINED if is_drained else Act.WORKER_UNDRAINED
    record_act(work, act, workspace_id=caller_workspace_id, subject_id=worker_id)
    for seen in list_workers(work, workspace_id=caller_workspace_id):
        if seen.worker.id == worker_id:
            return seen
    raise NotFound
