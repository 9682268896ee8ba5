"""Store what was found in a run while it runs."""

from uuid import UUID

from app.domain.diagnosis.findings import Diagnosis
from app.store.database import UnitOfWork
from app.store.diagnoses import save_diagnosis


def note_diagnosis(work: UnitOfWork, *, run_id: UUID, attempt: int, diagnosis: Diagnosis) -> None:
    """In place of the one before. Raises Fenced when the run is no longer this attempt's."""
    save_diagnosis(work.session, run_id=run_id, attempt=attempt, diagnosis=diagnosis)
