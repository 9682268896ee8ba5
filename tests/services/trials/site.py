"""A sick run with its trial, in a database of its own, and the means to let the runs end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select, update

from app.domain.quotas import Quotas
from app.domain.runs import Run, StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from app.domain.time_limits import UNLIMITED, TimeLimits
from app.domain.trials.plan import TrialRequest
from app.domain.trials.trial import Trial, TrialUntil
from app.queue import RunQueue
from app.services.trials.advance_trial import advance_trial, find_running_trials
from app.services.trials.read_trial import list_trials
from app.services.trials.start_trial import start_trial
from app.store.database import UnitOfWork, unit_of_work
from app.store.runs import find_run
from app.store.tables import runs
from app.store.telemetry import append_batch
from tests.domain.diagnosis.builders import sick_diagnosis
from tests.domain.trials.test_plan import advising
from tests.store.builders import a_batch, claimed, end

QUEUE = RunQueue("redis://nowhere")
FLOOR = 1 / 6
CURED, SICK = 0.001, FLOOR
KINDS = ("first", "second", "third")


@dataclass(kw_only=True)
class Site:
    """A run that is sick, and its trial."""

    engine: Engine
    workspace_id: UUID
    run: Run
    quotas: Quotas = field(default_factory=Quotas)
    time_limits: TimeLimits = UNLIMITED

    def start(
        self,
        *,
        kinds: Sequence[str] = KINDS,
        budget: float = 1e9,
        num_seeds: int = 3,
        until: TrialUntil = TrialUntil.FIRST_CURE,
    ) -> Trial:
        with unit_of_work(self.engine) as work:
            started = start_trial(
                work,
                queue=QUEUE,
                workspace_id=self.workspace_id,
                run_id=self.run.id,
                diagnosis=sick_diagnosis(advising(*kinds)),
                request=TrialRequest(
                    remedies=None, num_seeds=num_seeds, budget=budget, until=until
                ),
                quotas=self.quotas,
                time_limits=UNLIMITED,
            )
        return started.state.trial

    def advance_in(self, work: UnitOfWork) -> tuple[UUID, ...]:
        """Returns the runs that were asked to stop."""
        stopped: list[UUID] = []
        for trial_id in find_running_trials(work):
            stopped += advance_trial(
                work,
                trial_id=trial_id,
                queue=QUEUE,
                quotas=self.quotas,
                time_limits=self.time_limits,
            )
        return tuple(stopped)

    def advance(self) -> Trial:
        with unit_of_work(self.engine) as work:
            self.advance_in(work)
        return self.trial()

    def claim(self, arm: int, seed: int, *, seconds_ago: float = 0.0) -> Run:
        """A worker has claimed the run of an arm with a seed, so long ago."""
        with unit_of_work(self.engine) as work:
            run = claimed(work.session, self.run_id_of(arm, seed))
            began = update(runs).where(runs.c.id == run.id)
            work.session.execute(
                began.values(started_at=runs.c.started_at - timedelta(seconds=seconds_ago))
            )
        return run

    def trial(self) -> Trial:
        with unit_of_work(self.engine) as work:
            [state] = list_trials(
                work, workspace_id=self.workspace_id, run_id=self.run.id, limit=10, after=None
            ).items
        return state.trial

    def end_run(
        self, arm: int, seed: int, mse: float, stop_reason: StopReason = StopReason.COMPLETED
    ) -> None:
        """The run of an arm with a seed trains and ends with this score."""
        with unit_of_work(self.engine) as work:
            train(work, claimed(work.session, self.run_id_of(arm, seed)), mse, stop_reason)

    def run_id_of(self, arm: int, seed: int) -> UUID:
        [found] = [one for one in self.trial().runs if (one.arm, one.seed) == (arm, seed)]
        assert found.run_id is not None
        return found.run_id

    def run_of(self, arm: int, seed: int) -> Run:
        with unit_of_work(self.engine) as work:
            return find_run(work.session, self.workspace_id, self.run_id_of(arm, seed))

    def places(self) -> set[tuple[int, int]]:
        return {(one.arm, one.seed) for one in self.trial().runs}

    def num_children(self) -> int:
        with unit_of_work(self.engine) as work:
            count = select(func.count()).where(runs.c.parent_run_id == self.run.id)
            return work.session.execute(count).scalar_one()


def train(work: UnitOfWork, run: Run, mse: float, stop_reason: StopReason) -> None:
    readings = tuple(
        ScalarReading(step=4, quantity="mse", scope=Scope.split(split), value=mse)
        for split in ("validation", "test")
    )
    append_batch(
        work.session, run_id=run.id, attempt=run.attempt, seq=0, batch=a_batch(readings=readings)
    )
    end(work.session, run, stop_reason)
