"""The body and the views of a trial."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, Strict

from app.api.models.diagnosis import RUNS, RequestView
from app.api.models.request import RequestModel
from app.api.models.run import DiagnosisSummary, ScoresView
from app.api.models.view import View
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.scopes import SPLITS
from app.domain.specs.base import WHOLE, AtMost, Tag
from app.domain.task import MetricMode
from app.domain.trials.plan import MAX_REMEDIES, TrialRequest, progress_on, scores_of
from app.domain.trials.progress import CURED_FROM
from app.domain.trials.trial import CONTROL, Outcome, Trial, TrialEnd, TrialRun, TrialStatus
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
DEFAULT_SEEDS, DEFAULT_BUDGET, MAX_BUDGET = 3, 4.0, 100.0


class TrialBody(RequestModel):
    """Which remedies are tried, and what that may cost."""

    remedies: Annotated[list[Tag], AtMost(most=MAX_REMEDIES), Field(min_length=1)] | None = None
    """Kinds of remedies that the run's diagnosis advises. Null: the first three."""
    num_seeds: Annotated[int, Strict(), Field(ge=1, le=MAX_SEEDS), WHOLE] = DEFAULT_SEEDS
    """Seeds with which an arm is trained at most. The verdict needs a majority of them. The second
    one is the run's own, with which the run itself is the untreated one."""
    budget: Annotated[float, Strict(), Field(gt=0, le=MAX_BUDGET, allow_inf_nan=False)] = (
        DEFAULT_BUDGET
    )
    """Time that all runs of the trial may take together, relative to the time of the run. What is
    then undecided is inconclusive."""

    def request(self) -> TrialRequest:
        return TrialRequest(remedies=self.remedies, num_seeds=self.num_seeds, budget=self.budget)


class TrialRunView(View):
    """The run of one arm with one seed."""

    run_id: UUID | None
    """Null when the run was deleted."""
    seed: int
    status: RunStatus
    stop_reason: StopReason | None
    step: int
    """Optimizer steps done."""
    num_steps: int
    seconds: float
    """Seconds since a worker began, up to its end or now."""
    scores: ScoresView
    """Latest scores of the task's metric."""
    progress: ScoresView
    """0 for the score of the baseline, 1 for the score that the task allows; from -1 to 1.5, and -1
    for a score that is not finite."""
    difference: float | None
    """Progress less that of the untreated run with the same seed; null until both have ended."""
    diagnosis: DiagnosisSummary
    error: str | None


class TrialDifferenceView(View):
    """Paired differences in progress to untreated runs with the same seeds."""

    mean: float
    interval: tuple[float, float] | None
    """Of the mean, by Student's t; null for a single pair."""
    confidence: float
    num_pairs: int


class TrialArmView(View):
    """The untreated run, or the run with one remedy."""

    remedy: str | None
    """Null for the control."""
    patch: dict[str, JsonValue]
    reason: str | None
    """Why the remedy is advised."""
    verdict: TrialVerdict | None
    """By the scores alone. Null for the control, and while it is undecided."""
    verdict_reason: str | None
    median_progress: float | None
    """Over the runs that ended by themselves, on test data where they have been scored on them."""
    difference: TrialDifferenceView | None
    runs: list[TrialRunView]
    request: RequestView | None
    """Starts a run with the remedy; null for the control."""


class TrialMetricView(View):
    name: str
    mode: MetricMode
    baseline: ScoresView
    """What a trivial predictor scores; progress is 0 there."""


class TrialBudgetView(View):
    asked: float
    """Time of all runs together, relative to that of the run."""
    spent: float
    run_seconds: float
    """Seconds that the run takes with all of its steps."""


class TrialLinks(View):
    self: str
    run: str
    cancel: str


class TrialView(View):
    """The remedies of a run, trained with the same seeds and data as the untreated run."""

    id: UUID
    run_id: UUID
    status: TrialStatus
    end_reason: TrialEnd | None
    """`decided`: further runs would not have changed a verdict, or another remedy cured."""
    created_at: datetime
    ended_at: datetime | None
    seeds: list[int]
    """In the order in which they are used."""
    budget: TrialBudgetView
    metric: TrialMetricView
    cured_from: float
    """Progress from which on the task is learned."""
    control: TrialArmView
    remedies: list[TrialArmView]
    winner: str | None
    """The remedy that cured in the least time; its `request` starts a run with it."""
    links: TrialLinks


class TrialPage(View):
    items: list[TrialView]
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
            spent=state.spent_s / trial.run_seconds if trial.run_seconds else 0.0,
            run_seconds=trial.run_seconds,
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
    return TrialArmView(
        remedy=given.remedy,
        patch=dict(given.patch),
        reason=given.reason or None,
        verdict=None if judged is None else judged.verdict,
        verdict_reason=None if judged is None else judged.reason,
        median_progress=median_progress(trial, arm),
        difference=None if difference is None else _view_difference(difference),
        runs=list(_view_runs(state, arm, difference)),
        request=None
        if is_control
        else RequestView(method="POST", href=RUNS, body=dict(given.body)),
    )


def _view_difference(difference: Difference) -> TrialDifferenceView:
    return TrialDifferenceView(
        mean=difference.mean,
        interval=difference.interval,
        confidence=CONFIDENCE,
        num_pairs=len(difference.by_seed),
    )


def _view_runs(
    state: TrialState, arm: int, difference: Difference | None
) -> Iterator[TrialRunView]:
    by_seed = {} if difference is None else difference.by_seed
    trial = state.trial
    for one in sorted(_runs_of(trial, arm), key=lambda one: one.seed):
        run = None if one.run_id is None else state.members.get(one.run_id)
        change, seed = by_seed.get(one.seed), trial.seeds[one.seed]
        if one.outcome is not None:
            num_steps = int(_num_steps(trial, arm))
            yield _view_ended(one, one.outcome, seed=seed, num_steps=num_steps, change=change)
        elif run is not None:
            yield _view_live(state, run, seed=seed)


def _runs_of(trial: Trial, arm: int) -> Iterator[TrialRun]:
    yield from (one for one in trial.runs if one.arm == arm)
    if arm == CONTROL and trial.own is not None and trial.own_seed is not None:
        yield TrialRun(arm=arm, seed=trial.own_seed, run_id=trial.run_id, outcome=trial.own)


def _num_steps(trial: Trial, arm: int) -> int:
    training = trial.arms[arm].body["training"]
    assert isinstance(training, dict)  # noqa: S101 - a complete job spec
    return int(str(training["num_steps"]))


def _view_ended(
    one: TrialRun, outcome: Outcome, *, seed: int, num_steps: int, change: float | None
) -> TrialRunView:
    return TrialRunView.of(
        outcome,
        run_id=one.run_id,
        seed=seed,
        status=outcome.status,
        num_steps=num_steps,
        scores=ScoresView.model_validate(outcome.scores),
        progress=ScoresView.model_validate(outcome.progress),
        difference=change,
        diagnosis=DiagnosisSummary(
            verdict=outcome.verdict, codes=list(outcome.finding_codes), final=True
        ),
    )


def _view_live(state: TrialState, run: Run, *, seed: int) -> TrialRunView:
    return TrialRunView.of(
        run,
        run_id=run.id,
        seed=seed,
        step=run.progress_step,
        num_steps=run.spec.training.num_steps,
        seconds=state.seconds_of(run),
        scores=ScoresView.model_validate(scores_of(run)),
        progress=ScoresView(**{split: progress_on(run, split) for split in SPLITS}),
        difference=None,
        diagnosis=DiagnosisSummary(
            verdict=run.verdict, codes=list(run.finding_codes), final=run.is_diagnosis_final
        ),
    )
