"""Views of the runs of a trial."""

from collections.abc import Iterator
from uuid import UUID

from app.api.models.run import DiagnosisSummary
from app.api.models.scores import ScoresView
from app.api.models.view import View
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.scopes import SPLITS
from app.domain.trials.plan import progress_on, scores_of
from app.domain.trials.trial import CONTROL, Outcome, RunStop, Trial, TrialRun
from app.domain.trials.verdict import Difference
from app.services.trials.read_trial import TrialState


class TrialRunView(View):
    """The run of one arm with one seed."""

    run_id: UUID | None
    """Null when the run was deleted or could not be queued; `error` says why."""
    seed: int
    """Its `training.seed`."""
    status: RunStatus
    """Where it is in its life."""
    stop_reason: StopReason | None
    """Why it ended; null until then."""
    stopped_for: RunStop | None
    """Why the trial asked it to stop; null if it did not."""
    step: int
    """Optimizer steps done."""
    num_steps: int
    """Optimizer steps that it was asked for."""
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
    """What was found in it."""
    error: str | None
    """One sentence for people where it failed."""


def view_runs(state: TrialState, arm: int, difference: Difference | None) -> Iterator[TrialRunView]:
    by_seed = {} if difference is None else difference.by_seed
    trial = state.trial
    for one in sorted(_runs_of(trial, arm), key=lambda one: one.seed):
        run = None if one.run_id is None else state.members.get(one.run_id)
        change, seed = by_seed.get(one.seed), trial.seeds[one.seed]
        if one.outcome is not None:
            num_steps = trial.arms[arm].num_steps
            yield _view_ended(one, one.outcome, seed=seed, num_steps=num_steps, change=change)
        elif run is not None:
            yield _view_live(state, one, run)


def _runs_of(trial: Trial, arm: int) -> Iterator[TrialRun]:
    yield from (one for one in trial.runs if one.arm == arm)
    if arm == CONTROL and trial.own is not None and trial.own_seed is not None:
        yield TrialRun(arm=arm, seed=trial.own_seed, run_id=trial.run_id, outcome=trial.own)


def _view_ended(
    one: TrialRun, outcome: Outcome, *, seed: int, num_steps: int, change: float | None
) -> TrialRunView:
    return TrialRunView.of(
        outcome,
        run_id=one.run_id,
        seed=seed,
        status=outcome.status,
        stopped_for=one.stopped_for,
        num_steps=num_steps,
        scores=ScoresView.model_validate(outcome.scores),
        progress=ScoresView.model_validate(outcome.progress),
        difference=change,
        diagnosis=DiagnosisSummary(
            verdict=outcome.verdict, codes=list(outcome.finding_codes), final=True
        ),
    )


def _view_live(state: TrialState, one: TrialRun, run: Run) -> TrialRunView:
    return TrialRunView.of(
        run,
        run_id=run.id,
        seed=state.trial.seeds[one.seed],
        stopped_for=one.stopped_for,
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
