"""Stop the runs of a trial that have not ended."""

from app.services.trials.read_trial import TrialState
from app.store.cancellation import cancel
from app.store.database import UnitOfWork
from app.store.runs import lock_run


def stop_runs(work: UnitOfWork, state: TrialState, *, reason: str) -> None:
    """Cancels queued runs at once; running ones stop at the next heartbeat of their workers."""
    # in one order, so that two callers do not wait for each other
    for run_id in sorted(state.members):
        run = lock_run(work.session, state.trial.workspace_id, run_id)
        if not run.status.has_ended:
            cancel(work.session, run, reason=reason)
