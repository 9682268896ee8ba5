"""Try the remedies of a run that a critical finding ended, once, as its spec asks."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.errors import ClinicError, Unavailable
from app.domain.quotas import Quotas
from app.domain.time_limits import TimeLimits
from app.domain.trials.plan import TrialRequest
from app.queue import RunQueue
from app.services.trials.start_trial import start_trial
from app.store.database import UnitOfWork
from app.store.diagnoses import load_diagnosis
from app.store.wanted_trials import lock_wanting_trial, note_trial, runs_wanting_trial


def find_wanted_trials(work: UnitOfWork) -> Sequence[tuple[UUID, UUID]]:
    """Returns workspace and run of each trial that is to be started, the oldest first."""
    return runs_wanting_trial(work.session)


def start_wanted_trial(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    queue: RunQueue,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> None:
    """Starts the trial, or notes why there is none, in one transaction with the end of the wish.

    So a process that dies leaves the wish, and no other starts a second trial. A refusal, also one
    for a quota, is an event of the run; a client may then start a trial.
    """
    if not lock_wanting_trial(work.session, run_id):
        return
    diagnosis = load_diagnosis(work.session, run_id)
    assert diagnosis is not None  # noqa: S101 - the transaction that ended the run stored it
    try:
        with work.session.begin_nested():
            started = start_trial(
                work,
                queue=queue,
                workspace_id=workspace_id,
                run_id=run_id,
                diagnosis=diagnosis,
                request=TrialRequest(),
                quotas=quotas,
                time_limits=time_limits,
            )
    except Unavailable:
        raise
    except ClinicError as error:
        note_trial(work.session, run_id, trial_id=None, error=error.detail)
    else:
        note_trial(work.session, run_id, trial_id=started.state.trial.id, error=None)
