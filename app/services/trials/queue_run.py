"""Queue one run of a trial, under the quotas of the workspace."""

from functools import partial

from app.domain.audit import Act
from app.domain.quotas import Quotas
from app.domain.runs import Run
from app.domain.specs.lineage import RunPurpose
from app.domain.time_limits import TimeLimits
from app.domain.trials.plan import spec_of
from app.domain.trials.trial import CONTROL, Place, Trial
from app.queue import RunQueue
from app.services.record_act import record_act
from app.services.runs.admit_run import QueueRoom, admit_run
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.runs import insert_run
from app.store.trials import add_run

#: A run with a later seed, which confirms what an earlier one told, starts before runs with the
#: first seed that were queued at most so many minutes earlier.
MINUTES_AHEAD = 10


def queue_run(
    work: UnitOfWork,
    trial: Trial,
    run: Run,
    place: Place,
    *,
    queue: RunQueue,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> QueueRoom:
    """Queues the run of an arm with a seed; `run` is the one whose remedies are tried.

    Raises InvalidSpec, QueueFull, QuotaReached, TooManyRuns, and NotFound where the data set was
    deleted.
    """
    arm, seed = place
    spec = spec_of(trial, run, arm=arm, seed=seed)
    checked = estimate_run(
        work, workspace_id=trial.workspace_id, spec=spec, time_limits=time_limits
    )
    room = admit_run(
        work, workspace_id=trial.workspace_id, default_quotas=quotas, cost=checked.estimate
    )
    made = insert_run(
        work.session,
        workspace_id=trial.workspace_id,
        spec=checked.spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        parent_run_id=run.id,
        purpose=RunPurpose.CONTROL if arm == CONTROL else RunPurpose.REMEDY,
        remedy=trial.arms[arm].remedy,
        priority=spec.priority + MINUTES_AHEAD * seed,
        expected_rows=checked.estimate.rows,
        expected_memory_bytes=checked.estimate.memory_bytes,
    )
    add_run(work.session, trial_id=trial.id, arm=arm, seed=seed, run_id=made.id)
    record_act(
        work,
        Act.RUN_SUBMITTED,
        workspace_id=trial.workspace_id,
        subject_id=made.id,
        trial_id=str(trial.id),
    )
    work.after_commit(partial(queue.notify, made.id))
    return room
