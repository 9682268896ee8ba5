"""Take a run back behind a checkpoint whose file cannot be read."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.rewind import fall_back

REASON = "checkpoint_damaged"


def give_up_checkpoint(work: UnitOfWork, *, run_id: UUID, attempt: int, step: int) -> None:
    """Readings after the one before it are deleted with it. Raises Fenced."""
    fall_back(work.session, run_id=run_id, attempt=attempt, step=step, reason=REASON)
