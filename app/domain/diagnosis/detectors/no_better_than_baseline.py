"""Does the run do better than a predictor that needs no memory, or no model at all?"""

import math

from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import log_rise
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import (
    Cause,
    Finding,
    FindingCode,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.outcome import Outcome
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.reach import Reach, ReachTrend, reach_trend, sightings
from app.domain.diagnosis.thresholds import BaselineThresholds, Thresholds
from app.domain.diagnosis.trends import finite_median
from app.domain.runs import COMPLETED_AS_ASKED
from app.domain.symptoms import CauseCode

CODE = FindingCode.NO_BETTER_THAN_BASELINE
CONFIDENCE = 0.95


def detect(case: Case, thresholds: Thresholds) -> Outcome:
    limits = thresholds.no_better_than_baseline
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
                f"evaluated after {progress.step} of {case.num_steps} steps, too early to count"
            ),
        )
    return _finding(case, thresholds, progress)


def _is_better(progress: TaskProgress, limits: BaselineThresholds) -> bool:
    """By the way to the attainable score where that is known, else by the relative gain."""
    if progress.is_lower_bound:
        return progress.relative_gain >= limits.min_gain
    return progress.is_at_least(limits.min_progress)


def _finding(case: Case, thresholds: Thresholds, progress: TaskProgress) -> Finding:
    limits = thresholds.no_better_than_baseline
    trend = reach_trend(case, thresholds.vanishing_gradient)
    impact = Impact.BLOCKING if case.has_ended and not trend.is_growing else Impact.UNKNOWN
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=impact,
        severity=Severity.CRITICAL if impact is Impact.BLOCKING else Severity.WARNING,
        confidence=CONFIDENCE,
        first_step=progress.step,
        last_step=progress.step,
        scope=progress.split,
        threshold=(
            {"min_gain": limits.min_gain}
            if progress.is_lower_bound
            else {"min_progress": limits.min_progress}
        ),
        evidence=_evidence(progress),
        cause=_cause(case, thresholds, trend),
        explanation=f"{_symptom(progress)} {_meaning(case, trend)}",
    )


def _evidence(progress: TaskProgress) -> dict[str, JsonValue]:
    return {
        "metric": progress.floor.metric,
        "split": progress.split,
        "score": number(progress.score),
        "baseline": number(progress.floor.value),
        "baseline_name": progress.floor.name,
        "baseline_source": progress.floor.source,
        "task_progress": number(progress.value),
        "task_progress_is_lower_bound": progress.is_lower_bound,
        "relative_gain": number(progress.relative_gain),
    }


def _cause(case: Case, thresholds: Thresholds, trend: ReachTrend) -> Cause | None:
    if trend.is_growing and trend.slope:
        per_1000 = 1000 * trend.slope.value
        return Cause(
            code=CauseCode.REACH_STILL_GROWING,
            evidence={"horizon_trend_timesteps_per_1000_steps": per_1000},
        )
    seen = sightings(case, max_ratio=thresholds.vanishing_gradient.max_ratio)
    if seen and seen[-1].reach is Reach.SHORT:
        return Cause(
            code=CauseCode.SHORT_REACH,
            evidence={
                "gradient_horizon_timesteps": seen[-1].profile.horizon.value,
                "required_lag_timesteps": seen[-1].ratio.lag,
            },
        )
    return _cause_in_steps(case, thresholds)


def _cause_in_steps(case: Case, thresholds: Thresholds) -> Cause | None:
    """A gradient that grows without end, then updates of the wrong size."""
    rise = log_rise(case)
    if rise is not None and rise > math.log(thresholds.exploding_gradient.max_rise):
        return Cause(
            code=CauseCode.EXPANSIVE_RECURRENCE,
            evidence={"log10_gradient_ratio_at_longest_lag": number(rise / math.log(10))},
        )
    ratio = finite_median(case.scalar("update_ratio"))
    if ratio is None:
        return None
    if ratio < thresholds.no_better_than_baseline.min_update_ratio:
        return Cause(code=CauseCode.LEARNING_RATE_TOO_LOW, evidence={"update_ratio": ratio})
    if ratio > thresholds.non_finite.max_update_ratio:
        return Cause(code=CauseCode.LEARNING_RATE_TOO_HIGH, evidence={"update_ratio": ratio})
    return None


def _symptom(progress: TaskProgress) -> str:
    return (
        f"At step {progress.step} the {progress.floor.metric} on {progress.split} is "
        f"{progress.score:.4g}, no better than the {progress.floor.value:.4g} of "
        f"{progress.floor.name}."
    )


def _meaning(case: Case, trend: ReachTrend) -> str:
    if trend.is_growing and trend.slope:
        return (
            f"The reach of the gradient still grows, by {1000 * trend.slope.value:.2g} timesteps "
            "per 1000 steps: more steps may be all it needs."
        )
    if case.has_ended:
        return "The run has learned nothing that the task asks for."
    return f"{case.num_steps - case.present_step} steps are left to learn something."
