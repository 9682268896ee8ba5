"""Store the row of a checkpoint whose file is complete; a run can then start from it."""

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
    for_resume: bool = True,
) -> tuple[str, ...]:
    """Stores the row and returns the names of the files to keep.

    Without `for_resume` it is the state of the best step, from which only forks start. Raises
    Fenced when the run no longer belongs to the attempt.
    """
    return record(
        work.session,
        run_id=run_id,
        attempt=attempt,
        step=step,
        name=name,
        num_bytes=num_bytes,
        sha256=sha256,
        for_resume=for_resume,
    )
