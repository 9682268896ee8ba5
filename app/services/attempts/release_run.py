"""Put a running run back into the queue without a crash.

Its worker stops, or its workspace is suspended.
"""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd
from app.services.attempts.take_back_run import take_back_locked
from app.store.attempts import lock_held
from app.store.claims import requeue
from app.store.database import UnitOfWork
from app.store.workspaces import suspended_ids

WORKER_STOPPED = "worker_stopped"
WORKSPACE_SUSPENDED = "workspace_suspended"


def release_run(work: UnitOfWork, *, run_id: UUID, attempt: int) -> AttemptEnd | None:
    """Requeues the run and returns None.

    When a client asked to cancel the run, it is taken back instead, and the end is returned that
    `finish_run` is to store. Raises Fenced when the run no longer belongs to the attempt.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        return take_back_locked(
            work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED
        )
    is_suspended = bool(suspended_ids(work.session, [run.workspace_id]))
    reason = WORKSPACE_SUSPENDED if is_suspended else WORKER_STOPPED
    requeue(work.session, run_id=run_id, attempt=attempt, reason=reason, is_crash=False)
    return None
