"""Read what a running run has measured so far, as the input of a diagnosis."""

from uuid import UUID

from app.domain.diagnosis.case import Case
from app.store.attempts import find_held
from app.store.cases import load_case
from app.store.database import UnitOfWork


def read_case(work: UnitOfWork, *, run_id: UUID, attempt: int) -> Case:
    """Returns the run with its telemetry, without a lock.

    The caller opens the transaction as a snapshot, so that all tables are read at one time. Raises
    Fenced when the run no longer belongs to the attempt.
    """
    run = find_held(work.session, run_id=run_id, attempt=attempt)
    return load_case(work.session, run, stop_reason=None)
