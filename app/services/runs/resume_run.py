"""Queue an ended run again, to continue from its last checkpoint, with more steps if requested."""

from uuid import UUID

from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.audit import Act, Actor
from app.domain.estimate import estimate
from app.domain.lineage import resumed_spec
from app.domain.quotas import Quotas
from app.domain.task import TaskShape
from app.domain.time_limits import TimeLimits, with_time_limit
from app.queue import RunQueue
from app.services.checkpoints.find_intact import find_intact
from app.services.record_act import record_act
from app.services.runs.admit_run import admit_run
from app.services.runs.describe_run import DescribedRun, describe_run
from app.store.checkpoints import checkpoints_of
from app.store.database import UnitOfWork, unit_of_work
from app.store.runs import enqueue_again, find_run, lock_run


def resume_run(  # noqa: PLR0913 - what a resumption depends on, each by its name
    engine: Engine,
    *,
    actor: Actor,
    queue: RunQueue,
    artifacts: ArtifactFolder,
    workspace_id: UUID,
    run_id: UUID,
    num_steps: int | None,
    time_limit_s: float | None,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> DescribedRun:
    """Queues the run again, after the files of its checkpoints are checked in no transaction.

    Raises NotFound, IllegalTransition when the run cannot continue, CheckpointDamaged when it has
    checkpoints and none is intact, InvalidInput when no step or no time is left, InvalidSpec when
    the time limit is too long, QueueFull, QuotaReached and ArtifactsUnavailable.
    """
    with unit_of_work(engine) as work:
        ended = find_run(work.session, workspace_id, run_id)
        found = checkpoints_of(work.session, run_id)
    resumed_spec(ended, num_steps=num_steps, time_limit_s=time_limit_s)
    find_intact(artifacts, [checkpoint for checkpoint in found if checkpoint.for_resume])
    with unit_of_work(engine, actor=actor) as work:
        return _queue_again(
            work,
            queue=queue,
            workspace_id=workspace_id,
            run_id=run_id,
            num_steps=num_steps,
            time_limit_s=time_limit_s,
            quotas=quotas,
            time_limits=time_limits,
        )


def _queue_again(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    run_id: UUID,
    num_steps: int | None,
    time_limit_s: float | None,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> DescribedRun:
    session = work.session
    run = lock_run(session, workspace_id, run_id)
    resumed = resumed_spec(run, num_steps=num_steps, time_limit_s=time_limit_s)
    spec = with_time_limit(resumed, time_limits, pointer="/time_limit_s")
    # the size of the task is unknown when the run ended before its data was built
    cost = None if run.task is None else estimate(spec, TaskShape.of_task(run.task))
    admit_run(
        work, workspace_id=workspace_id, default_quotas=quotas, cost=cost, resumed_run_id=run_id
    )
    queued = enqueue_again(
        session,
        run,
        spec=spec,
        expected_rows=0 if cost is None else cost.rows,
        expected_memory_bytes=0 if cost is None else cost.memory_bytes,
    )
    record_act(work, Act.RUN_RESUMED, workspace_id=workspace_id, subject_id=run_id)
    work.after_commit(lambda: queue.notify(run_id))
    return describe_run(work, queued)
