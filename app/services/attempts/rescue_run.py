"""Requeue a run whose process or worker died, or take it back after too many crashes."""

from uuid import UUID

from app.domain.runs import Run, StopReason
from app.services.attempts.finish_run import AttemptEnd
from app.services.attempts.take_back_run import take_back_locked
from app.store.attempts import lock_held
from app.store.claims import requeue
from app.store.database import UnitOfWork


def rescue_run(
    work: UnitOfWork, *, run_id: UUID, attempt: int, error: str, max_crashes: int
) -> AttemptEnd | None:
    """Requeues a run whose process died; see `rescue_locked`.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    return rescue_locked(
        work, run, error=error, max_crashes=max_crashes, stop_reason=StopReason.CRASHED
    )


def rescue_locked(
    work: UnitOfWork, run: Run, *, error: str, max_crashes: int, stop_reason: StopReason
) -> AttemptEnd | None:
    """Requeues a run that the caller has locked and returns None.

    At crash number `max_crashes`, or when a client asked to cancel the run, it is taken back from
    its worker instead, and the end is returned that `finish_run` is to store: for `stop_reason`,
    with `error`.
    """
    run_id, attempt = run.id, run.attempt
    if run.cancel_requested_at is not None:
        return take_back_locked(
            work, run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED
        )
    if run.crash_count + 1 < max_crashes:
        reason = stop_reason.value
        requeue(work.session, run_id=run_id, attempt=attempt, reason=reason, is_crash=True)
        return None
    detail = f"{error} It happened {run.crash_count + 1} times, so the run is not tried again."
    return take_back_locked(
        work, run_id=run_id, attempt=attempt, stop_reason=stop_reason, error=detail
    )
