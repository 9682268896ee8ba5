"""Take a run back from its worker, in order to judge and end it while nothing is added to it."""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd
from app.store.attempts import lock_held, take_back
from app.store.database import UnitOfWork

#: Seconds in which a run that was taken back is judged and ended. Judging takes less than one for
#: most runs; if the process dies meanwhile, the sweep of another one goes on after this time.
ENDING_LEASE_S = 30.0


def take_back_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    stop_reason: StopReason,
    error: str | None = None,
) -> AttemptEnd:
    """Takes the run from its worker and returns the end that `finish_run` is to store.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    lock_held(work.session, run_id=run_id, attempt=attempt)
    return take_back_locked(
        work, run_id=run_id, attempt=attempt, stop_reason=stop_reason, error=error
    )


def take_back_locked(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    stop_reason: StopReason,
    error: str | None = None,
) -> AttemptEnd:
    """Does the same for a run that the caller has locked, also one that was taken back before."""
    take_back(work.session, run_id=run_id, attempt=attempt, lease_s=ENDING_LEASE_S)
    return AttemptEnd(
        run_id=run_id,
        attempt=attempt,
        stop_reason=stop_reason,
        error=error,
        is_taken_back=True,
    )
