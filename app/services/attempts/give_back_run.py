"""Put a running run back into the queue because its worker stops; the run is not to blame."""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import finish_run
from app.store.claims import lock_held, requeue
from app.store.database import UnitOfWork

REASON = "worker_stopped"


def give_back_run(work: UnitOfWork, *, run_id: UUID, attempt: int) -> None:
    """One that was to be cancelled ends instead. Raises Fenced as all writes of an attempt do."""
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED)
        return
    requeue(work.session, run_id=run_id, attempt=attempt, reason=REASON, is_crash=False)
