"""Start a trial of a run's remedies: queue every arm with the first seed."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Engine

from app.domain.audit import Act
from app.domain.diagnosis.findings import Diagnosis
from app.domain.errors import NothingToTry
from app.domain.estimate import estimate
from app.domain.quotas import Quotas
from app.domain.runs import Run
from app.domain.task import TaskShape
from app.domain.time_limits import TimeLimits
from app.domain.trials.plan import TrialRequest, arms_of, outcome_of, seeds_of
from app.domain.trials.schedule import first_places
from app.domain.trials.trial import OWN_SEED, Outcome
from app.queue import RunQueue
from app.services.diagnosis.read_diagnosis import read_diagnosis
from app.services.record_act import record_act
from app.services.runs.admit_run import QueueRoom
from app.services.trials.queue_run import queue_run
from app.services.trials.read_trial import TrialState, state_of
from app.store.database import UnitOfWork
from app.store.runs import lock_run
from app.store.trials import find_trial, insert_trial, new_trial_id


@dataclass(frozen=True, kw_only=True)
class StartedTrial:
    """A trial whose first runs are queued, and the room left in the queue."""

    state: TrialState
    room: QueueRoom


def diagnose_for_trial(engine: Engine, *, workspace_id: UUID, run_id: UUID) -> Diagnosis:
    """Returns the diagnosis whose remedies are tried, in transactions of its own.

    Raises NotFound and TelemetryDropped.
    """
    return read_diagnosis(engine, workspace_id=workspace_id, run_id=run_id, overrides={})


def start_trial(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    run_id: UUID,
    diagnosis: Diagnosis,
    request: TrialRequest,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> StartedTrial:
    """Queues all first runs, or none.

    Raises NotFound, NothingToTry, TrialInProgress, InvalidInput, InvalidSpec, QueueFull,
    QuotaReached and TooManyRuns.
    """
    run = lock_run(work.session, workspace_id, run_id)
    if run.task is None or not run.task.baselines:
        detail = "A trial is judged by the gain over a baseline, and this run has none yet."
        raise NothingToTry(detail)
    arms = arms_of(run, diagnosis, request.remedies)
    trial_id = new_trial_id()
    own = _own_outcome(run) if request.num_seeds > OWN_SEED else None
    trial = insert_trial(
        work.session,
        trial_id=trial_id,
        workspace_id=workspace_id,
        run_id=run_id,
        arms=arms,
        seeds=seeds_of(trial_id, run, num_seeds=request.num_seeds, has_own=own is not None),
        budget=request.budget,
        run_seconds=_whole_run_seconds(run, TaskShape.of_task(run.task)),
        own=own,
        until=request.until,
    )
    rooms = [
        queue_run(work, trial, run, place, queue=queue, quotas=quotas, time_limits=time_limits)
        for place in first_places(len(arms) - 1)
    ]
    record_act(
        work,
        Act.TRIAL_STARTED,
        workspace_id=workspace_id,
        subject_id=trial.id,
        run_id=str(run_id),
        remedies=[arm.remedy for arm in arms[1:]],
    )
    stored = find_trial(work.session, workspace_id, run_id, trial.id)
    return StartedTrial(state=state_of(work, stored), room=rooms[-1])


def _own_outcome(run: Run) -> Outcome | None:
    """Returns what became of the run itself, if it tells something."""
    found = outcome_of(run, seconds=_seconds(run))
    if found is None or not found.is_telling:
        return None
    return replace(found, error=None)


def _whole_run_seconds(run: Run, shape: TaskShape) -> float:
    """Returns the seconds that the run takes for all of its steps, as measured or estimated."""
    num_steps = run.spec.training.num_steps
    if run.ended_at is not None and run.progress_step >= num_steps:
        return _seconds(run)
    if run.steps_per_second:
        return num_steps / run.steps_per_second
    return estimate(run.spec, shape).seconds


def _seconds(run: Run) -> float:
    if run.started_at is None or run.ended_at is None:
        return 0.0
    return (run.ended_at - run.started_at).total_seconds()
