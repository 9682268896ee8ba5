"""Diagnose a run while it runs."""

from uuid import UUID

from app.domain.diagnosis.engine import diagnose
from app.store.cases import load_case
from app.store.claims import hold
from app.store.database import UnitOfWork
from app.store.diagnoses import save_diagnosis


def diagnose_run(work: UnitOfWork, *, run_id: UUID, attempt: int) -> None:
    """Judge what is stored so far. Raises Fenced when the run is no longer this attempt's."""
    run = hold(work.session, run_id=run_id, attempt=attempt)
    diagnosis = diagnose(load_case(work.session, run, stop_reason=None))
    save_diagnosis(work.session, run_id=run_id, attempt=attempt, diagnosis=diagnosis)
