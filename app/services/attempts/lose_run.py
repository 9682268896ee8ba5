"""Put a run back into the queue whose process or worker died, or end it after too many deaths."""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import finish_run
from app.store.claims import lock_held, requeue
from app.store.database import UnitOfWork


def lose_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    error: str,
    max_crashes: int,
    stop_reason: StopReason = StopReason.CRASHED,
) -> None:
    """`error` says what happened; with `stop_reason` it ends a run that died `max_crashes` times.

    Raises Fenced when the run is no longer this attempt's.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED)
    elif run.crash_count + 1 < max_crashes:
        reason = stop_reason.value
        requeue(work.session, run_id=run_id, attempt=attempt, reason=reason, is_crash=True)
    else:
        told = f"{error} It happened {run.crash_count + 1} times, so the run is not tried again."
        finish_run(work, run_id=run_id, attempt=attempt, stop_reason=stop_reason, error=told)
