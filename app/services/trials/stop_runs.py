"""Stop runs of a trial that have not ended."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.trials.trial import Place, RunStop
from app.services.trials.read_trial import TrialState
from app.store.cancellation import cancel
from app.store.database import UnitOfWork
from app.store.runs import lock_run
from app.store.trials import note_stop


def stop_runs(
    work: UnitOfWork, state: TrialState, stops: Mapping[Place, RunStop]
) -> tuple[UUID, ...]:
    """Cancels queued runs at once; running ones stop at the next heartbeat of their workers.

    Returns the runs that had not ended. Their logs give `trial_` and the reason.
    """
    wanted = {
        one.run_id: one.place
        for one in state.trial.runs
        if one.place in stops and one.run_id in state.members
    }
    stopped: list[UUID] = []
    # in one order, so that two callers do not wait for each other
    for run_id in sorted(run_id for run_id in wanted if run_id is not None):
        run = lock_run(work.session, state.trial.workspace_id, run_id)
        if run.status.has_ended:
            continue
        place = wanted[run_id]
        cancel(work.session, run, reason=f"trial_{stops[place]}")
        note_stop(work.session, trial_id=state.trial.id, place=place, reason=stops[place])
        stopped.append(run_id)
    return tuple(stopped)
