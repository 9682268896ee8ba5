"""Queue a run again until the artifact folder can take its files; this is no crash of the run."""

from uuid import UUID

from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd
from app.store.attempts import lock_held
from app.store.database import UnitOfWork
from app.store.holds import requeue_held


def hold_run(
    work: UnitOfWork, *, run_id: UUID, attempt: int, wanted_bytes: int, detail: str
) -> AttemptEnd | None:
    """Holds the run, which continues from its last checkpoint once there is space; returns None.

    `detail` says in one sentence what is wrong with the folder. For a run that a client asked to
    cancel, nothing is changed, and the end is returned that `finish_run` is to store. Raises Fenced
    when the run no longer belongs to the attempt.
    """
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    if run.cancel_requested_at is not None:
        return AttemptEnd(
            run_id=run_id, attempt=attempt, stop_reason=StopReason.CANCELLED, error=detail
        )
    requeue_held(
        work.session, run_id=run_id, attempt=attempt, wanted_bytes=wanted_bytes, detail=detail
    )
    return None
