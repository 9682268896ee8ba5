"""Let an ended run go on from its last checkpoint, with more steps when that is asked for."""

from uuid import UUID

from app.domain.errors import QueueFull
from app.domain.lineage import resumed_spec
from app.queue import RunQueue
from app.services.describe_run import DescribedRun, describe_run
from app.store.database import UnitOfWork
from app.store.runs import count_queued, enqueue_again, lock_run


def resume_run(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    run_id: UUID,
    num_steps: int | None,
    time_limit_s: float | None,
    max_queued: int,
) -> DescribedRun:
    """Raises IllegalTransition, InvalidInput where nothing is left to do, and QueueFull."""
    session = work.session
    run = lock_run(session, workspace_id, run_id)
    spec = resumed_spec(run, num_steps=num_steps, time_limit_s=time_limit_s)
    if count_queued(session, workspace_id) >= max_queued:
        raise QueueFull(max_queued=max_queued)
    queued = enqueue_again(session, run, spec=spec)
    work.after_commit(lambda: queue.ring(run_id))
    return describe_run(work, queued)
