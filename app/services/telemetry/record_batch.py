"""Store one batch of a run's readings."""

from uuid import UUID

from app.domain.telemetry import ReadingBatch
from app.store.database import UnitOfWork
from app.store.telemetry import append_batch


def record_batch(
    work: UnitOfWork, *, run_id: UUID, attempt: int, seq: int, batch: ReadingBatch
) -> bool:
    """Stores the batch; returns False when it was stored before.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    return append_batch(work.session, run_id=run_id, attempt=attempt, seq=seq, batch=batch)
