"""Store the row of a checkpoint whose file is complete; the run can then continue from it."""

from uuid import UUID

from app.store.checkpoints import record_checkpoint as record
from app.store.database import UnitOfWork


def record_checkpoint(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    step: int,
    name: str,
    num_bytes: int,
    sha256: str,
) -> tuple[str, ...]:
    """Stores the row and returns the names of the files to keep.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    return record(
        work.session,
        run_id=run_id,
        attempt=attempt,
        step=step,
        name=name,
        num_bytes=num_bytes,
        sha256=sha256,
    )
