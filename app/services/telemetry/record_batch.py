"""Store one flush of a run's readings."""

from uuid import UUID

from app.domain.telemetry import ReadingBatch
from app.store.database import UnitOfWork
from app.store.telemetry import append_batch


def record_batch(
    work: UnitOfWork, *, run_id: UUID, attempt: int, seq: int, batch: ReadingBatch
) -> bool:
    """False for a batch that was stored before; Fenced when the run is not this attempt's."""
    return append_batch(work.session, run_id=run_id, attempt=attempt, seq=seq, batch=batch)
