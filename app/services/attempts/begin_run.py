"""Store what is known once a run's data and network are built, before training starts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.task import TaskFacts
from app.store.claims import begin
from app.store.database import UnitOfWork
from app.store.times import read_now


def begin_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    task: TaskFacts,
    tensor_names: Sequence[str],
    device: str,
) -> datetime:
    """Stores the facts of the task; returns the present time by the database's clock.

    Raises Fenced when the run belongs to another attempt.
    """
    begin(
        work.session,
        run_id=run_id,
        attempt=attempt,
        task=task,
        tensor_names=tensor_names,
        device=device,
    )
    return read_now(work.session)
