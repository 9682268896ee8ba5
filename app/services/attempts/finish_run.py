"""End a run: store its final diagnosis, its list of files and its end in one transaction."""

from uuid import UUID

from app.domain.artifacts import Publication
from app.domain.diagnosis.engine import diagnose
from app.domain.runs import STATUS_OF, RunStatus, StopReason
from app.store.artifacts import publish
from app.store.cases import load_case
from app.store.claims import finish, has_ended_with, lock_held
from app.store.database import UnitOfWork
from app.store.diagnoses import save_diagnosis


def finish_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    stop_reason: StopReason,
    error: str | None = None,
    publication: Publication | None = None,
) -> None:
    """Ends the run; a repeated call with the same reason changes nothing.

    A run whose files could not be published fails: its weights are in its last checkpoint. Raises
    Fenced when the run no longer belongs to the attempt.
    """
    session = work.session
    unpublished = None if publication is None else publication.error
    if unpublished is not None and STATUS_OF[stop_reason] is RunStatus.SUCCEEDED:
        stop_reason, error = StopReason.CRASHED, unpublished
    if has_ended_with(session, run_id=run_id, attempt=attempt, stop_reason=stop_reason):
        return
    run = lock_held(session, run_id=run_id, attempt=attempt)
    diagnosis = diagnose(load_case(session, run, stop_reason=stop_reason))
    if publication is not None:
        publish(session, publication, run_id=run_id, attempt=attempt)
    save_diagnosis(session, run_id=run_id, attempt=attempt, diagnosis=diagnosis)
    finish(session, run_id=run_id, attempt=attempt, stop_reason=stop_reason, error=error)
