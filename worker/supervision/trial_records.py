"""What the worker process writes about trials, each in its own transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.errors import Unavailable
from app.domain.quotas import Quotas
from app.domain.time_limits import TimeLimits
from app.queue import RunQueue
from app.services.trials.advance_trial import (
    advance_trial,
    find_running_trial_of,
    find_running_trials,
)
from app.services.trials.start_wanted_trial import find_wanted_trials, start_wanted_trial
from app.store.database import unit_of_work

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrialRecords:
    """Makes the next moves of trials. Each method may raise Unavailable."""

    engine: Engine
    queue: RunQueue
    #: Those of a workspace that has none of its own.
    quotas: Quotas
    time_limits: TimeLimits
    #: Told of the runs that a trial has asked to stop.
    on_stop: Callable[[Sequence[UUID]], None]

    def start_wanted(self) -> None:
        """Tries the remedies of runs that a critical finding ended and whose specs ask for it."""
        with unit_of_work(self.engine) as work:
            wanted = find_wanted_trials(work)
        for workspace_id, run_id in wanted:
            try:
                with unit_of_work(self.engine) as work:
                    start_wanted_trial(
                        work,
                        workspace_id=workspace_id,
                        run_id=run_id,
                        queue=self.queue,
                        quotas=self.quotas,
                        time_limits=self.time_limits,
                    )
            except Unavailable:
                raise
            except Exception:
                # an edge of the process: one run must not keep the others waiting
                logger.exception("The remedies of run %s could not be tried.", run_id)

    def advance_all(self) -> None:
        """Advances every trial, unless another process does so at this moment."""
        with unit_of_work(self.engine) as work:
            trial_ids = find_running_trials(work)
        for trial_id in trial_ids:
            self._advance(trial_id, waits=False)

    def advance_after(self, run_id: UUID) -> None:
        """Advances the trial of a run that has ended, so that its next runs are queued at once."""
        with unit_of_work(self.engine) as work:
            trial_id = find_running_trial_of(work, run_id)
        if trial_id is not None:
            self._advance(trial_id, waits=True)

    def _advance(self, trial_id: UUID, *, waits: bool) -> None:
        try:
            with unit_of_work(self.engine) as work:
                stopped = advance_trial(
                    work,
                    trial_id=trial_id,
                    queue=self.queue,
                    quotas=self.quotas,
                    time_limits=self.time_limits,
                    waits=waits,
                )
        except Unavailable:
            raise
        except Exception:
            # an edge of the process: one trial must not keep the others from going on
            logger.exception("Trial %s was not advanced.", trial_id)
        else:
            self.on_stop(stopped)
