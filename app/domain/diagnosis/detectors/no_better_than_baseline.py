"""Is the run better than a predictor that needs no memory, or no model at all?"""

from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.reach import ReachTrend, reach_trend
from app.domain.diagnosis.standing import Standing, standing_of
from app.domain.diagnosis.thresholds import CHOSEN, share, threshold
from app.domain.runs import COMPLETED_AS_ASKED
from app.domain.scopes import Scope

CODE = "no_better_than_baseline"
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class BaselineThresholds:
    """The thresholds of `no_better_than_baseline`."""

    min_share: float = share(
        0.5,
        meaning="share of the run's steps before which a run is not expected to have learned",
        source=CHOSEN,
    )
    min_progress: float = share(
        0.1,
        meaning="smallest task progress that is better, if the attainable score is known",
        source=CHOSEN,
    )
    min_gain: float = share(
        0.01,
        meaning="smallest relative gain over the baseline that is better, if it is unknown",
        source=CHOSEN,
    )
    max_reference_gap: float = share(
        0.05,
        meaning="largest gap to the best reference model, relative to its score, that is none",
        source=CHOSEN,
    )
    min_update_ratio: float = threshold(
        1e-5,
        meaning="median ||update|| / ||weights||, below which the learning rate is too low",
        source="usual: 1e-3",
    )


def detect(case: Case, limits: BaselineThresholds) -> Outcome:
    progress = task_progress(case)
    if progress is None:
        return NotAssessed(code=CODE, reason="the task metric has not been evaluated yet")
    if _is_better(progress, limits):
        return None
    has_finished = case.stop_reason in COMPLETED_AS_ASKED
    if not has_finished and progress.step < limits.min_share * case.num_steps:
        return NotAssessed(
            code=CODE,
            reason=(
                f"it was evaluated after {progress.step} of {case.num_steps} steps, which is too "
                "early"
            ),
        )
    standing = standing_of(case.task, progress, max_gap=limits.max_reference_gap)
    if standing is None or not standing.is_equal:
        return _finding(case, limits, progress, standing)
    if standing.is_settled:
        return None
    return NotAssessed(code=CODE, reason=_open_question(standing))


def _is_better(progress: TaskProgress, limits: BaselineThresholds) -> bool:
    """Judges by the progress if the attainable score is known, otherwise by the relative gain."""
    if progress.is_lower_bound:
        return progress.relative_gain >= limits.min_gain
    return progress.is_at_least(limits.min_progress)


def _finding(
    case: Case, limits: BaselineThresholds, progress: TaskProgress, standing: Standing | None
) -> Finding:
    trend = reach_trend(case)
    impact = Impact.BLOCKING if case.has_ended and not trend.is_growing else Impact.UNKNOWN
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=impact,
        severity=Severity.CRITICAL if impact is Impact.BLOCKING else Severity.WARNING,
        confidence=CONFIDENCE,
        first_step=progress.step,
        last_step=progress.step,
        scope=Scope.split(progress.split),
        threshold=(
            {"min_gain": limits.min_gain}
            if progress.is_lower_bound
            else {"min_progress": limits.min_progress}
        ),
        evidence=_evidence(progress, standing),
        explanation=f"{_symptom(progress)} {_meaning(case, trend)}",
    )


def _evidence(progress: TaskProgress, standing: Standing | None) -> dict[str, JsonValue]:
    reference: dict[str, JsonValue] = {}
    if standing is not None:
        reference = {"reference": number(standing.score), "reference_name": standing.name}
    return {
        "metric": progress.floor.metric,
        "split": progress.split,
        "score": number(progress.score),
        "baseline": number(progress.floor_score),
        "baseline_name": progress.floor.name,
        "baseline_source": progress.floor.source,
        "task_progress": number(progress.value),
        "task_progress_is_lower_bound": progress.is_lower_bound,
        "relative_gain": number(progress.relative_gain),
        **reference,
    }


def _open_question(standing: Standing) -> str:
    return (
        f"neither the run nor the reference models are better than the trivial predictor (the best "
        f"one, {standing.name}, has {standing.score:.4g}), and it is not shown that nothing more "
        "can be learned"
    )


def _symptom(progress: TaskProgress) -> str:
    return (
        f"At step {progress.step} the {progress.floor.metric} on {progress.split} is "
        f"{progress.score:.4g}, no better than the {progress.floor_score:.4g} of "
        f"{progress.floor.name}."
    )


def _meaning(case: Case, trend: ReachTrend) -> str:
    if trend.is_growing and trend.slope:
        return (
            f"The reach of the gradient still grows, by {1000 * trend.slope.value:.2g} timesteps "
            "per 1000 steps, so more steps may be enough."
        )
    if case.has_ended:
        return "The run has not learned the task."
    return f"{case.num_steps - case.present_step} steps are left in which it may learn."


CARD = DetectorCard(
    code=CODE,
    summary="A trivial predictor does as well.",
    in_words="a trivial predictor does as well",
    is_essential=True,
    needs=(needs.baseline,),
    thresholds=BaselineThresholds,
    detect=detect,
)
