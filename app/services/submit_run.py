"""Store a job spec as a queued run and, once that is committed, ring for a worker."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import QueueFull
from app.domain.specs.job import JobSpec
from app.queue import RunQueue
from app.services.describe_run import DescribedRun, describe_run
from app.services.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.runs import count_queued, insert_run


@dataclass(frozen=True, kw_only=True)
class SubmittedRun:
    """A new run, and how many more this workspace may queue."""

    described: DescribedRun
    num_left: int


def submit_run(
    work: UnitOfWork, *, queue: RunQueue, workspace_id: UUID, spec: JobSpec, max_queued: int
) -> SubmittedRun:
    """Raises InvalidSpec where the data cannot serve it, QueueFull where too many wait."""
    estimate_run(work, workspace_id=workspace_id, spec=spec)
    num_queued = count_queued(work.session, workspace_id)
    if num_queued >= max_queued:
        raise QueueFull(max_queued=max_queued)
    run = insert_run(
        work.session,
        workspace_id=workspace_id,
        spec=spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
    )
    work.after_commit(lambda: queue.ring(run.id))
    return SubmittedRun(described=describe_run(work, run), num_left=max_queued - num_queued - 1)
