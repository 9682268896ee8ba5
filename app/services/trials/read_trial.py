"""Read trials with the present state of their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.runs import Run
from app.domain.specs.lineage import RunPurpose
from app.domain.task import JUDGED_SPLIT
from app.domain.trials.plan import progress_on
from app.domain.trials.trial import CONTROL, Place, TrainingSoFar, Trial
from app.store.database import UnitOfWork
from app.store.runs import find_run
from app.store.times import read_now
from app.store.trials import find_trial, members_of, page_of_trials


@dataclass(frozen=True, kw_only=True)
class TrialState:
    """A trial, the run whose remedies it tries, and its runs that were not deleted."""

    trial: Trial
    run: Run
    members: Mapping[UUID, Run]
    now: datetime

    @property
    def spent_s(self) -> float:
        """Seconds that the runs of the trial took so far."""
        return sum(
            self._seconds_of(one.run_id) for one in self.trial.runs if one.outcome is None
        ) + sum(one.outcome.seconds for one in self.trial.runs if one.outcome is not None)

    @property
    def so_far(self) -> Mapping[Place, TrainingSoFar]:
        """What the runs have done that have not ended."""
        found = {
            one.place: self.members[one.run_id]
            for one in self.trial.active
            if one.run_id is not None and one.run_id in self.members
        }
        return {
            place: TrainingSoFar(
                seconds=self.seconds_of(run), progress=progress_on(run, JUDGED_SPLIT)
            )
            for place, run in found.items()
        }

    @property
    def run_seconds(self) -> float:
        """Seconds that the run takes with all of its steps.

        It is what the run itself took or, if that is longer, what the control takes beside the
        other runs: a machine that is busier now must not use up the budget.
        """
        ended = [
            one.outcome.seconds * self._num_steps / one.outcome.step
            for one in self.trial.runs
            if one.arm == CONTROL and one.outcome is not None and one.outcome.step
        ]
        # by all of its steps: its speed of the last moments changes with what runs beside it
        training = [
            self.seconds_of(run) * self._num_steps / run.progress_step
            for run in self.members.values()
            if run.purpose is RunPurpose.CONTROL and run.progress_step and not run.ended_at
        ]
        return max(self.trial.run_seconds, *ended, *training, 0.0)

    @property
    def spent(self) -> float:
        """The time that all runs took so far, relative to that of the run."""
        return self.spent_s / self.run_seconds if self.run_seconds else 0.0

    @property
    def _num_steps(self) -> int:
        return self.run.spec.training.num_steps

    def seconds_of(self, run: Run) -> float:
        """Seconds since a run was claimed the last time, up to its end or now."""
        if run.started_at is None:
            return 0.0
        return ((run.ended_at or self.now) - run.started_at).total_seconds()

    def _seconds_of(self, run_id: UUID | None) -> float:
        run = None if run_id is None else self.members.get(run_id)
        return 0.0 if run is None else self.seconds_of(run)


@dataclass(frozen=True, kw_only=True)
class TrialList:
    """One page of the trials of a run."""

    items: Sequence[TrialState]
    #: (created_at, id) of the last item when more follow, otherwise None.
    last: tuple[datetime, UUID] | None


def read_trial(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, trial_id: UUID) -> TrialState:
    """Raises NotFound."""
    return state_of(work, find_trial(work.session, workspace_id, run_id, trial_id))


def list_trials(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> TrialList:
    """Returns the trials of a run, newest first. Raises NotFound when there is no such run."""
    run = find_run(work.session, workspace_id, run_id)
    # one more than the page shows whether there is a next page
    found = page_of_trials(work.session, workspace_id, run_id, limit=limit + 1, after=after)
    page = found[:limit]
    members = members_of(work.session, [trial.id for trial in page])
    now = read_now(work.session)
    return TrialList(
        items=[TrialState(trial=trial, run=run, members=members, now=now) for trial in page],
        last=(page[-1].created_at, page[-1].id) if len(found) > limit else None,
    )


def state_of(work: UnitOfWork, trial: Trial) -> TrialState:
    return TrialState(
        trial=trial,
        run=find_run(work.session, trial.workspace_id, trial.run_id),
        members=members_of(work.session, [trial.id]),
        now=read_now(work.session),
    )
