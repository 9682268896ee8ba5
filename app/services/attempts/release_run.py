"""Put a running run back into the queue without a crash.

Its worker stops, or its workspace is suspended.
"""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import finish_run
from app.store.claims import lock_held, requeue
from app.store.database import UnitOfWork
from app.store.workspaces import suspended_ids

WORKER_STOPPED = "worker_stopped"
WORKSPACE_SUSPENDED = "workspace_suspended"


def release_run(work: UnitOfWork, *, run_id: UUID, attempt: int) -> None:
    """Requeues the run, or ends it as cancelled when a client asked for that.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED)
        return
    is_suspended = bool(suspended_ids(work.session, [run.workspace_id]))
    reason = WORKSPACE_SUSPENDED if is_suspended else WORKER_STOPPED
    requeue(work.session, run_id=run_id, attempt=attempt, reason=reason, is_crash=False)
