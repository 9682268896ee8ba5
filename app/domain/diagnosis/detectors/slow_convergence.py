"""Does the score improve too slowly to arrive in the steps that were asked for?

Formula: level < `no_better_than_baseline.expected_level`; the lower end of the 95 % interval of the
Theil-Sen slope of the level > 0; the rise by it over the last third of the steps >= `min_rise`; and
the steps to the expected level by the slope > the steps that are left. Unit: level, which is 0 at
the baseline and 1 at the expected score. Source: Theil (1950), Sen (1968).
"""

from dataclasses import dataclass

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of_failure
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState
from app.domain.diagnosis.prose import percent, short
from app.domain.diagnosis.score_trend import ScoreTrend, trend_if_behind
from app.domain.diagnosis.scores_in_words import (
    baseline_name,
    expectation_evidence,
    score_evidence,
    score_sentence,
)
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.diagnosis.thresholds import BENCHMARK, share
from app.domain.scopes import Scope

CODE = "slow_convergence"


@dataclass(frozen=True, kw_only=True)
class SlowThresholds:
    """The thresholds of `slow_convergence`."""

    min_rise: float = share(
        0.005,
        meaning="smallest rise of the level over the last third of the steps",
        source=f"slow runs gain 0.01 and more; {BENCHMARK}",
    )


def detect(case: Case, limits: SlowThresholds) -> Judgement:
    trend = trend_if_behind(case, CODE)
    if not isinstance(trend, ScoreTrend):
        return trend
    if not trend.is_rising(min_rise=limits.min_rise):
        return None
    level = case.thresholds.of(BaselineThresholds).expected_level
    steps_left = case.num_steps - trend.one.step
    will_arrive = not case.has_ended and trend.steps_to(level) <= steps_left
    return None if will_arrive else _finding(case, limits, trend)


def _finding(case: Case, limits: SlowThresholds, trend: ScoreTrend) -> Finding:
    one = trend.one
    outcome = trend.outcome
    consequence = consequence_of_failure(case, outcome)
    expected_level = case.thresholds.of(BaselineThresholds).expected_level
    steps = trend.steps_to(expected_level)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=int(trend.steps_W[0]),
        last_step=one.step,
        scope=Scope.split(one.split),
        threshold={"min_rise": limits.min_rise},
        evidence={
            **score_evidence(outcome),
            **expectation_evidence(one),
            "split": one.split,
            "expected_level": expected_level,
            "level_gained": number(trend.gained),
            "trend_first_step": int(trend.steps_W[0]),
            "steps_to_expected_level": number(steps),
            "steps_left": max(0, case.num_steps - one.step),
        },
        explanation=(
            f"{score_sentence(one, baseline=baseline_name(case.task))} "
            f"It improves steadily, by {percent(trend.gained)} of the way from the baseline to "
            f"that score since step {trend.steps_W[0]:,}, but at this rate it takes "
            f"{short(steps)} more steps to {percent(expected_level)} of the way."
        ),
    )


CARD = DetectorCard(
    code=CODE,
    summary="The score improves too slowly to arrive in the steps that were asked for.",
    in_words="the score improves too slowly to arrive in time",
    is_essential=False,
    needs=(needs.baseline,),
    thresholds=SlowThresholds,
    detect=detect,
)
