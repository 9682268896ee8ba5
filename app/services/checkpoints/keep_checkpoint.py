"""Note a checkpoint whose file is written; from then on the run can go on from it."""

from uuid import UUID

from app.store.checkpoints import keep_checkpoint as keep
from app.store.database import UnitOfWork


def keep_checkpoint(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    step: int,
    name: str,
    num_bytes: int,
    sha256: str,
) -> tuple[str, ...]:
    """The files that are still needed. Raises Fenced when the run is not this attempt's."""
    return keep(
        work.session,
        run_id=run_id,
        attempt=attempt,
        step=step,
        name=name,
        num_bytes=num_bytes,
        sha256=sha256,
    )
