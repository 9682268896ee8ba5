"""Has the score stopped to improve far from what the task allows?

Formula: level < `no_better_than_baseline.expected_level`; not (the lower end of the 95 % interval
of the Theil-Sen slope of the level > 0 and the rise by it over the last third of the steps >=
`min_rise`); and no fall as in `diverging_loss`. Training data decide where they have a level. Unit:
level, which is 0 at the baseline and 1 at the expected score. Source: Theil (1950), Sen (1968).
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of_failure
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState
from app.domain.diagnosis.outcome import SplitOutcome
from app.domain.diagnosis.prose import percent
from app.domain.diagnosis.score_fall import FallLimits, fall_of
from app.domain.diagnosis.score_trend import ScoreTrend, trend_if_behind
from app.domain.diagnosis.scores_in_words import (
    baseline_name,
    expectation_evidence,
    score_evidence,
    score_sentence,
)
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, share
from app.domain.scopes import Scope

CODE = "loss_plateau"


@dataclass(frozen=True, kw_only=True)
class PlateauThresholds:
    """The thresholds of `loss_plateau`."""

    min_rise: float = share(
        0.005,
        meaning="rise of the level over the last third of the steps, below which it is flat",
        source=f"slow runs gain 0.01 and more; {BENCHMARK}",
    )
    flat_rise: float = share(
        0.05,
        meaning="largest rise of the best level since a plateau began",
        source=CHOSEN,
    )


def detect(case: Case, limits: PlateauThresholds) -> Judgement:
    trend = trend_if_behind(case, CODE)
    if not isinstance(trend, ScoreTrend):
        return trend
    if _has_fallen_back(case, trend) or trend.is_rising(min_rise=limits.min_rise):
        return None
    return _finding(case, limits, trend)


def _has_fallen_back(case: Case, trend: ScoreTrend) -> bool:
    """Returns whether `diverging_loss` tells of these scores."""
    is_trained = trend.one is trend.outcome.train
    return is_trained and fall_of(trend.one, case.thresholds.of(FallLimits)) is not None


def _finding(case: Case, limits: PlateauThresholds, trend: ScoreTrend) -> Finding:
    one = trend.one
    outcome = trend.outcome
    consequence = consequence_of_failure(case, outcome)
    expected_level = case.thresholds.of(BaselineThresholds).expected_level
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=_began(one, limits),
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
        },
        explanation=(
            f"{score_sentence(one, baseline=baseline_name(case.task))} "
            f"From step {trend.steps_W[0]:,} on it gained {percent(trend.gained)} of the way "
            "from the baseline to that score, which is no steady improvement."
        ),
    )


def _began(one: SplitOutcome, limits: PlateauThresholds) -> int:
    """Returns the first evaluation after which the best level hardly rose."""
    best_n = np.maximum.accumulate(one.improvements_of(one.smooth_n))
    return int(one.steps_n[np.argmax(best_n >= best_n[-1] - limits.flat_rise)])


CARD = DetectorCard(
    code=CODE,
    summary="The score does not improve, far from what the task allows.",
    in_words="the score is stuck far from what the task allows",
    is_essential=False,
    needs=(needs.baseline,),
    thresholds=PlateauThresholds,
    detect=detect,
)
