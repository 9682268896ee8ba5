"""Store the diagnosis of a running run, and decide whether it stops the run."""

from uuid import UUID

from pydantic import JsonValue

from app.domain.diagnosis.findings import Diagnosis
from app.domain.events import EventKind
from app.store.database import UnitOfWork
from app.store.diagnoses import save_diagnosis
from app.store.fence import NewEvent, change_attempt


def store_diagnosis(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    diagnosis: Diagnosis,
    stops_if_critical: bool = False,
) -> bool:
    """Replaces the stored diagnosis; returns whether the run is to stop.

    With `stops_if_critical` it is to stop at an active critical finding, and an event says so.
    Raises Fenced when the run belongs to another attempt.
    """
    save_diagnosis(work.session, run_id=run_id, attempt=attempt, diagnosis=diagnosis)
    codes = diagnosis.critical_codes
    if not stops_if_critical or not codes:
        return False
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": diagnosis.as_of_step,
        "codes": list(codes),
    }
    log = (NewEvent(kind=EventKind.STOPPING, data=data),)
    change_attempt(work.session, run_id=run_id, attempt=attempt, values={}, log=log)
    return True
