"""Store the diagnosis of a running run."""

from uuid import UUID

from app.domain.diagnosis.findings import Diagnosis
from app.store.database import UnitOfWork
from app.store.diagnoses import save_diagnosis


def store_diagnosis(work: UnitOfWork, *, run_id: UUID, attempt: int, diagnosis: Diagnosis) -> None:
    """Replaces the stored diagnosis. Raises Fenced when the run belongs to another attempt."""
    save_diagnosis(work.session, run_id=run_id, attempt=attempt, diagnosis=diagnosis)
