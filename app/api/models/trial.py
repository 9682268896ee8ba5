"""The body and the views of a trial."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, Strict

from app.api.models.offered_requests import RUNS, Requests, RequestView
from app.api.models.request import RequestModel
from app.api.models.scores import ScoresView
from app.api.models.trial_runs import TrialRunView, view_runs
from app.api.models.view import Derived, View
from app.api.protocol.root_path import Href
from app.domain.scopes import SPLITS
from app.domain.specs.base import WHOLE, AtMost, Tag
from app.domain.task import MetricMode
from app.domain.trials.plan import MAX_REMEDIES, TrialRequest
from app.domain.trials.progress import CURED_FROM
from app.domain.trials.trial import CONTROL, TrialEnd, TrialStatus, TrialUntil
from app.domain.trials.verdict import (
    CONFIDENCE,
    Difference,
    TrialVerdict,
    difference_of,
    judge,
    median_progress,
    winner_of,
)
from app.services.trials.read_trial import TrialState

#: Each further seed costs a run of every remedy that is still of interest.
MAX_SEEDS = 9
MAX_BUDGET = 100.0


class TrialBody(RequestModel):
    """Which remedies are tried, and what that may cost."""

    remedies: Annotated[list[Tag], AtMost(most=MAX_REMEDIES), Field(min_length=1)] | None = None
    """Kinds of remedies that the run's diagnosis advises. Null: the first three."""
    num_seeds: Annotated[int, Strict(), Field(ge=1, le=MAX_SEEDS), WHOLE] = TrialRequest.num_seeds
    """Seeds with which an arm is trained at most. The verdict needs a majority of them. The second
    one is the run's own, with which the run itself is the untreated one."""
    budget: Annotated[float, Strict(), Field(gt=0, le=MAX_BUDGET, allow_inf_nan=False)] = (
        TrialRequest.budget
    )
    """Time that all runs of the trial may take together, relative to the time of the run. Then
    runs that still train are stopped, and what they leave is judged."""
    until: TrialUntil = TrialRequest.until
    """`first_cure`: once a remedy has cured, a run of another one is stopped when it has taken as
    long as the quickest run of that remedy without having learned the task; its remedy is then
    inconclusive. `decided`: every remedy is trained until further runs would not change its
    verdict, which takes longer."""

    def request(self) -> TrialRequest:
        return TrialRequest(
            remedies=self.remedies,
            num_seeds=self.num_seeds,
            budget=self.budget,
            until=self.until,
        )


class TrialDifferenceView(View):
    """Paired differences in progress to untreated runs with the same seeds."""

    mean: Derived
    """Mean of the differences of all pairs."""
    interval: tuple[Derived, Derived] | None
    """Of the mean, by Student's t; null for a single pair."""
    confidence: float
    """Confidence of the interval, from 0 to 1."""
    num_pairs: int
    """Pairs of runs with the same seed."""


class TrialArmView(View):
    """The untreated run, or the run with one remedy."""

    remedy: str | None
    """Null for the control."""
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec; empty for the untreated run."""
    reason: str | None
    """Why the remedy is advised."""
    verdict: TrialVerdict | None
    """By the scores alone. Null for the control, and while it is undecided."""
    verdict_reason: str | None
    """Why, in one sentence; null before it is judged."""
    median_progress: Derived | None
    """Over the runs that ended by themselves, on test data where they have been scored on them."""
    difference: TrialDifferenceView | None
    """The paired difference to the untreated run; null before a pair has ended."""
    runs: list[TrialRunView]
    """Its runs, one for each seed."""
    request: RequestView | None
    """Starts a run with the remedy; null for the control."""


class TrialMetricView(View):
    """What is compared."""

    name: str
    """The metric that the task is judged by."""
    mode: MetricMode
    """Whether smaller or larger scores are better."""
    baseline: ScoresView
    """What a trivial predictor scores; progress is 0 there."""


class TrialBudgetView(View):
    """What a trial may cost, and has cost."""

    asked: float
    """Time of all runs together, relative to that of the run."""
    spent: Derived
    """Time that its runs have taken, relative to the time of the run."""
    run_seconds: Derived
    """Seconds that the run takes with all of its steps, as the run itself or, if that is longer,
    the control took."""


class TrialLinks(View):
    """Where to go from a trial."""

    self: Href
    """The trial itself."""
    run: Href
    """The run whose remedies are tried."""
    cancel: Href
    """`POST` cancels it."""


class TrialView(View):
    """The remedies of a run, trained with the same seeds and data as the untreated run."""

    id: UUID
    """Id of the trial."""
    run_id: UUID
    """The run whose remedies are tried."""
    status: TrialStatus
    """Where it is in its life."""
    end_reason: TrialEnd | None
    """`decided`: further runs would not have changed a verdict, or another remedy cured."""
    created_at: datetime
    """When it was asked for."""
    ended_at: datetime | None
    """When it ended; null before."""
    seeds: list[int]
    """In the order in which they are used."""
    budget: TrialBudgetView
    """Its share of the time of the run."""
    until: TrialUntil
    """How long it goes on, as it was asked for."""
    metric: TrialMetricView
    """The metric that verdicts go by."""
    cured_from: float
    """Progress from which on the task is learned."""
    control: TrialArmView
    """The untreated run with fresh seeds."""
    remedies: list[TrialArmView]
    """The remedies that are tried."""
    winner: str | None
    """The remedy that cured in the least time; its `request` starts a run with it."""
    links: TrialLinks
    """Where to go from here."""


class TrialPage(View):
    """One page of trials."""

    items: list[TrialView]
    """Trials, the newest first."""
    next: str | None
    """URL of the next page; null on the last page."""


def view_trial(state: TrialState) -> TrialView:
    trial, task = state.trial, state.run.task
    assert task is not None  # noqa: S101 - a trial is refused before it is known
    winner = winner_of(trial)
    path = f"{RUNS}/{trial.run_id}/trials/{trial.id}"
    floor = task.baselines[0]
    arms = [_view_arm(state, arm) for arm in range(len(trial.arms))]
    return TrialView.of(
        trial,
        seeds=list(trial.seeds),
        budget=TrialBudgetView(
            asked=trial.budget,
            spent=state.spent,
            run_seconds=state.run_seconds,
        ),
        metric=TrialMetricView(
            name=task.metric,
            mode=task.mode,
            baseline=ScoresView(**{split: floor.score_on(split) for split in SPLITS}),
        ),
        cured_from=CURED_FROM,
        control=arms[CONTROL],
        remedies=arms[CONTROL + 1 :],
        winner=None if winner is None else trial.arms[winner].remedy,
        links=TrialLinks(self=path, run=f"{RUNS}/{trial.run_id}", cancel=f"{path}/cancel"),
    )


def _view_arm(state: TrialState, arm: int) -> TrialArmView:
    trial = state.trial
    given = trial.arms[arm]
    is_control = arm == CONTROL
    judged = None if is_control else judge(trial, arm, is_over=trial.ended_at is not None)
    difference = None if is_control else difference_of(trial, arm)
    requests = Requests(parent_id=trial.run_id)
    return TrialArmView(
        remedy=given.remedy,
        patch=dict(given.patch),
        reason=given.reason or None,
        verdict=None if judged is None else judged.verdict,
        verdict_reason=None if judged is None else judged.reason,
        median_progress=median_progress(trial, arm),
        difference=None if difference is None else _view_difference(difference),
        runs=list(view_runs(state, arm, difference)),
        request=None if given.remedy is None else requests.remedy(given.body, kind=given.remedy),
    )


def _view_difference(difference: Difference) -> TrialDifferenceView:
    return TrialDifferenceView(
        mean=difference.mean,
        interval=difference.interval,
        confidence=CONFIDENCE,
        num_pairs=len(difference.by_seed),
    )
