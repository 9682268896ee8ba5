"""Cancel a trial with all of its runs that have not ended."""

from uuid import UUID

from app.domain.audit import Act
from app.domain.errors import IllegalTransition
from app.domain.trials.trial import RunStop, TrialEnd, TrialStatus
from app.services.record_act import record_act
from app.services.trials.read_trial import TrialState, read_trial, state_of
from app.services.trials.stop_runs import stop_runs
from app.store.database import UnitOfWork
from app.store.trials import end_trial, find_trial, lock_trial


def cancel_trial(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, trial_id: UUID
) -> TrialState:
    """Raises NotFound, and IllegalTransition when the trial has ended."""
    find_trial(work.session, workspace_id, run_id, trial_id)
    trial = lock_trial(work.session, trial_id, waits=True)
    if trial is None:
        detail = "The trial has ended."
        raise IllegalTransition(detail)
    stops = {one.place: RunStop.CANCELLED for one in trial.active}
    stop_runs(work, state_of(work, trial), stops)
    end_trial(work.session, trial_id, status=TrialStatus.CANCELLED, reason=TrialEnd.CANCELLED)
    record_act(work, Act.TRIAL_CANCELLED, workspace_id=workspace_id, subject_id=trial_id)
    return read_trial(work, workspace_id=workspace_id, run_id=run_id, trial_id=trial_id)
