"""Advance a trial: note what became of its runs, queue the next ones, or end it."""

from dataclasses import replace
from uuid import UUID

from app.domain.errors import ClinicError, Overloaded
from app.domain.quotas import Quotas
from app.domain.runs import StopReason
from app.domain.time_limits import TimeLimits
from app.domain.trials.plan import outcome_of
from app.domain.trials.schedule import Moves, next_moves
from app.domain.trials.trial import Outcome, Place, Trial, TrialRun, TrialStatus
from app.queue import RunQueue
from app.services.trials.queue_run import queue_run
from app.services.trials.read_trial import TrialState, state_of
from app.services.trials.stop_runs import stop_runs
from app.store.database import UnitOfWork
from app.store.trials import (
    add_run,
    end_trial,
    lock_trial,
    record_outcome,
    running_trial_ids,
    running_trial_of,
)

DELETED = "The run was deleted."


def find_running_trials(work: UnitOfWork) -> list[UUID]:
    return running_trial_ids(work.session)


def find_running_trial_of(work: UnitOfWork, run_id: UUID) -> UUID | None:
    """Returns the trial that has not ended and that a run is a part of; None without one."""
    return running_trial_of(work.session, run_id)


def advance_trial(
    work: UnitOfWork,
    *,
    trial_id: UUID,
    queue: RunQueue,
    quotas: Quotas,
    time_limits: TimeLimits,
    waits: bool = False,
) -> tuple[UUID, ...]:
    """Makes the next moves of a trial; returns the runs that it has asked to stop.

    All moves are in the caller's transaction, under the lock of the trial: a process that dies
    leaves the trial as it was, and no run is queued twice. Unless the call `waits`, nothing is done
    while another process holds the lock.
    """
    trial = lock_trial(work.session, trial_id, waits=waits)
    if trial is None:
        return ()
    state = _with_outcomes(work, state_of(work, trial))
    while True:
        moves = next_moves(state.trial, spent=state.spent, so_far=state.so_far)
        refused = _start(work, state, moves, queue=queue, quotas=quotas, time_limits=time_limits)
        if not refused:
            break
        runs = (*state.trial.runs, *refused)
        state = replace(state, trial=replace(state.trial, runs=runs))
    stopped = stop_runs(work, state, moves.stop)
    if moves.end_reason is not None:
        end_trial(work.session, trial_id, status=TrialStatus.ENDED, reason=moves.end_reason)
    return stopped


def _with_outcomes(work: UnitOfWork, state: TrialState) -> TrialState:
    """Stores what became of runs that have ended since, and returns the state with it."""
    known = [_with_outcome(state, one) for one in state.trial.runs]
    for before, after in zip(state.trial.runs, known, strict=True):
        if before.outcome is None and after.outcome is not None:
            record_outcome(
                work.session,
                trial_id=state.trial.id,
                arm=after.arm,
                seed=after.seed,
                outcome=after.outcome,
            )
    return replace(state, trial=replace(state.trial, runs=tuple(known)))


def _with_outcome(state: TrialState, one: TrialRun) -> TrialRun:
    if one.outcome is not None:
        return one
    run = None if one.run_id is None else state.members.get(one.run_id)
    if run is None:
        gone = Outcome(stop_reason=StopReason.CANCELLED, step=0, seconds=0.0, error=DELETED)
        return replace(one, outcome=gone)
    return replace(one, outcome=outcome_of(run, seconds=state.seconds_of(run)))


def _start(
    work: UnitOfWork,
    state: TrialState,
    moves: Moves,
    *,
    queue: RunQueue,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> list[TrialRun]:
    """Queues the next runs; returns those that can never be queued.

    They are stored with the reason, which the trial shows. A run for which a quota has no room is
    queued at a later sweep.
    """
    refused: list[TrialRun] = []
    for place in moves.start:
        try:
            with work.session.begin_nested():
                queue_run(
                    work,
                    state.trial,
                    state.run,
                    place,
                    queue=queue,
                    quotas=quotas,
                    time_limits=time_limits,
                )
        except Overloaded:
            break
        except ClinicError as error:
            refused.append(_store_refusal(work, state.trial, place, error))
    return refused


def _store_refusal(work: UnitOfWork, trial: Trial, place: Place, error: ClinicError) -> TrialRun:
    arm, seed = place
    why = f"The run could not be queued: {error.detail}"
    outcome = Outcome(stop_reason=StopReason.CANCELLED, step=0, seconds=0.0, error=why)
    add_run(work.session, trial_id=trial.id, arm=arm, seed=seed, run_id=None)
    record_outcome(work.session, trial_id=trial.id, arm=arm, seed=seed, outcome=outcome)
    return TrialRun(arm=arm, seed=seed, run_id=None, outcome=outcome)
