"""Record that training continues from a checkpoint, and whether it does so bit for bit."""

from collections.abc import Sequence
from uuid import UUID

from app.store.claims import record_continuation
from app.store.database import UnitOfWork


def continue_run(
    work: UnitOfWork, *, run_id: UUID, attempt: int, step: int, differences: Sequence[str]
) -> None:
    """Records the continuation.

    `differences` lists what changed since the checkpoint was written, such as the device; it is
    empty for a bitwise continuation. Raises Fenced when the run belongs to another attempt.
    """
    record_continuation(
        work.session, run_id=run_id, attempt=attempt, step=step, differences=differences
    )
