"""Queue a trial run of a few steps and notify workers after the commit."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.audit import Act
from app.domain.preflight import preflight_memory_bytes, preflight_num_steps, preflight_spec
from app.domain.quotas import Quotas
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.queue import RunQueue
from app.services.preflights.read_preflight import Preflight, describe_preflight
from app.services.record_act import record_act
from app.services.runs.admit_run import QueueRoom, admit_run
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.preflights import insert_preflight


@dataclass(frozen=True, kw_only=True)
class SubmittedPreflight:
    """A queued preflight, and the room left in the workspace's queue."""

    preflight: Preflight
    room: QueueRoom


def submit_preflight(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    spec: JobSpec,
    mini_steps: int | None,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> SubmittedPreflight:
    """Queues a preflight, in the same queue as runs.

    `mini_steps` is the number of steps; None lets the estimated speed choose. Raises InvalidSpec,
    as for a run, QueueFull and QuotaReached.
    """
    checked = estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
    room = admit_run(
        work, workspace_id=workspace_id, default_quotas=quotas, cost=None, is_preflight=True
    )
    num_steps = preflight_num_steps(checked.spec, checked.shape, asked=mini_steps)
    queued = insert_preflight(
        work.session,
        workspace_id=workspace_id,
        spec=preflight_spec(checked.spec),
        num_steps=num_steps,
        expected_memory_bytes=preflight_memory_bytes(
            checked.spec, checked.shape, num_steps=num_steps
        ),
    )
    record_act(work, Act.PREFLIGHT_SUBMITTED, workspace_id=workspace_id, subject_id=queued.id)
    work.after_commit(lambda: queue.notify(queued.id))
    return SubmittedPreflight(preflight=describe_preflight(work, queued), room=room)
