"""Read all that a run has measured so far, for a diagnosis while it runs."""

from uuid import UUID

from app.domain.diagnosis.case import Case
from app.store.cases import load_case
from app.store.claims import find_held
from app.store.database import UnitOfWork


def examine_run(work: UnitOfWork, *, run_id: UUID, attempt: int) -> Case:
    """Locks nothing: many tables are one moment's only where the transaction is a snapshot.

    Raises Fenced when the run is not this attempt's.
    """
    run = find_held(work.session, run_id=run_id, attempt=attempt)
    return load_case(work.session, run, stop_reason=None)
