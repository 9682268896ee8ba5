"""Store a job spec as a queued run and, once that is committed, ring for a worker."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.quotas import Quotas
from app.domain.specs.job import JobSpec
from app.queue import RunQueue
from app.services.runs.admit_run import QueueRoom, admit_run
from app.services.runs.describe_run import DescribedRun, describe_run
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.runs import insert_run


@dataclass(frozen=True, kw_only=True)
class SubmittedRun:
    """A new run, and how many more this workspace may queue."""

    described: DescribedRun
    room: QueueRoom


def submit_run(
    work: UnitOfWork, *, queue: RunQueue, workspace_id: UUID, spec: JobSpec, quotas: Quotas
) -> SubmittedRun:
    """Raises InvalidSpec where the data cannot serve it, QuotaReached where there is no room.

    `quotas` are those of a workspace that has none of its own.
    """
    cost = estimate_run(work, workspace_id=workspace_id, spec=spec).estimate
    room = admit_run(work, workspace_id=workspace_id, usual=quotas, cost=cost)
    run = insert_run(
        work.session,
        workspace_id=workspace_id,
        spec=spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        priority=spec.priority,
        expected_rows=cost.rows,
    )
    work.after_commit(lambda: queue.ring(run.id))
    return SubmittedRun(described=describe_run(work, run), room=room)
