"""Store a job spec as a queued run and notify workers after the commit."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.audit import Act
from app.domain.quotas import Quotas
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.queue import RunQueue
from app.services.record_act import record_act
from app.services.runs.admit_run import QueueRoom, admit_run
from app.services.runs.check_parent import check_parent
from app.services.runs.describe_run import DescribedRun, describe_run
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.runs import insert_run


@dataclass(frozen=True, kw_only=True)
class SubmittedRun:
    """A queued run, and the room left in the workspace's queue."""

    described: DescribedRun
    room: QueueRoom


def submit_run(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    spec: JobSpec,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> SubmittedRun:
    """Queues a run, which descends from the run that its spec names, if any.

    Raises InvalidSpec, QueueFull and QuotaReached.

    `quotas` apply where the workspace has none of its own.
    """
    descent = check_parent(work, workspace_id=workspace_id, spec=spec)
    checked = estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
    cost, spec = checked.estimate, checked.spec
    room = admit_run(work, workspace_id=workspace_id, default_quotas=quotas, cost=cost)
    run = insert_run(
        work.session,
        workspace_id=workspace_id,
        spec=spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        parent_run_id=descent.parent_run_id,
        purpose=descent.purpose,
        remedy=descent.remedy,
        priority=spec.priority,
        expected_rows=cost.rows,
        expected_memory_bytes=cost.memory_bytes,
    )
    record_act(work, Act.RUN_SUBMITTED, workspace_id=workspace_id, subject_id=run.id)
    work.after_commit(lambda: queue.notify(run.id))
    return SubmittedRun(described=describe_run(work, run), room=room)
