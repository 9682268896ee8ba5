"""Tell that training goes on from a checkpoint, and whether bit for bit."""

from collections.abc import Sequence
from uuid import UUID

from app.store.claims import record_continuation
from app.store.database import UnitOfWork


def continue_run(
    work: UnitOfWork, *, run_id: UUID, attempt: int, step: int, differences: Sequence[str]
) -> None:
    """`differences` names what is not as it was when it was saved. Raises Fenced."""
    record_continuation(
        work.session, run_id=run_id, attempt=attempt, step=step, differences=differences
    )
