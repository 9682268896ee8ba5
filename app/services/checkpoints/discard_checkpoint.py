"""Discard a checkpoint whose file cannot be read, and rewind the run to the one before it."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.rewind import fall_back

REASON = "checkpoint_damaged"


def discard_checkpoint(work: UnitOfWork, *, run_id: UUID, attempt: int, step: int) -> None:
    """Deletes the checkpoint, and the readings that followed the previous one.

    Without a previous one the run starts over. Raises Fenced when the run belongs to another
    attempt.
    """
    fall_back(work.session, run_id=run_id, attempt=attempt, step=step, reason=REASON)
