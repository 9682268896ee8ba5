"""Requeue a run whose process or worker died, or end it after too many crashes."""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import finish_run
from app.store.claims import lock_held, requeue
from app.store.database import UnitOfWork


def rescue_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    error: str,
    max_crashes: int,
    stop_reason: StopReason = StopReason.CRASHED,
) -> None:
    """Requeues the run, or ends it with `stop_reason` and `error` at crash number `max_crashes`.

    A run that a client asked to cancel ends as cancelled. Raises Fenced when the run no longer
    belongs to the attempt.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED)
    elif run.crash_count + 1 < max_crashes:
        reason = stop_reason.value
        requeue(work.session, run_id=run_id, attempt=attempt, reason=reason, is_crash=True)
    else:
        detail = f"{error} It happened {run.crash_count + 1} times, so the run is not tried again."
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=stop_reason, error=detail)
