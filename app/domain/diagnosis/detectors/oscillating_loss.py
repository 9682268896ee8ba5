"""Does the score swing from evaluation to evaluation?

Formula: of the levels (or gains relative to the baseline) at the latest evaluations, the median
|difference| of successive ones >= `min_swing`, and the share of differences whose sign differs from
the one before >= `min_alternation`. All evaluations use the same data, so that a swing is one of
the weights and not of the batch. Unit: level, which is 0 at the baseline and 1 at the expected
score.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of_failure
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.outcome import NO_SCORE, SplitOutcome, outcome_of
from app.domain.diagnosis.scores_in_words import digits, score_evidence
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray

CODE = "oscillating_loss"
CONFIDENCE = 0.8


@dataclass(frozen=True, kw_only=True)
class OscillatingThresholds:
    """The thresholds of `oscillating_loss`."""

    min_evaluations: int = count(
        6,
        low=3,
        unit="evaluations",
        meaning="fewest latest evaluations; all of the last third of the steps if that is more",
        source=CHOSEN,
    )
    min_swing: float = threshold(
        0.15,
        meaning="smallest median difference of the levels of successive evaluations",
        source=f"at most 0.13 in 98 % of runs that learn; {BENCHMARK}",
    )
    min_alternation: float = share(
        0.4,
        meaning="smallest share of differences whose sign differs from the one before",
        source=f"2/3 if there is no trend; {BENCHMARK}",
    )


def detect(case: Case, limits: OscillatingThresholds) -> Judgement:
    outcome = outcome_of(case)
    if outcome is None:
        return NotAssessed(code=CODE, reason=NO_SCORE)
    one = outcome.train or outcome.judged
    levels_W, swing, alternation = _swings(one, limits)
    if levels_W.size < limits.min_evaluations:
        reason = f"there are {levels_W.size} evaluations, fewer than {limits.min_evaluations}"
        return NotAssessed(code=CODE, reason=reason)
    if swing < limits.min_swing or alternation < limits.min_alternation:
        return None
    consequence = consequence_of_failure(case, outcome)
    scores_W = one.scores_n[-levels_W.size :]
    first = int(one.steps_n[-levels_W.size])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        confidence=CONFIDENCE,
        first_step=first,
        last_step=one.step,
        scope=Scope.split(one.split),
        threshold={
            "min_swing": limits.min_swing,
            "min_alternation": limits.min_alternation,
        },
        evidence={
            **score_evidence(outcome),
            "median_level_swing": number(swing),
            "alternating_share": number(alternation),
            "smallest_score": number(float(scores_W.min())),
            "largest_score": number(float(scores_W.max())),
            "evaluations": int(levels_W.size),
        },
        explanation=(
            f"In the {levels_W.size} evaluations from step {first} to {one.step} the {one.metric} "
            f"on {one.split} lies between {digits(float(scores_W.min()))} and "
            f"{digits(float(scores_W.max()))}. {_meaning(one, swing)}"
        ),
    )


def _swings(one: SplitOutcome, limits: OscillatingThresholds) -> tuple[DoubleArray, float, float]:
    """Returns the levels of the latest evaluations, the median swing and the alternating share."""
    recent = int((one.steps_n >= one.step * 2 / 3).sum())
    levels_W = one.improvements_of(one.scores_n)[-max(limits.min_evaluations, recent) :]
    swings = np.diff(levels_W)
    if swings.size <= 1:
        return levels_W, 0.0, 0.0
    alternation = float((swings[1:] * swings[:-1] < 0).mean())
    return levels_W, float(np.median(np.abs(swings))), alternation


def _meaning(one: SplitOutcome, swing: float) -> str:
    yardstick = (
        "the baseline's score"
        if one.level is None
        else "the way from the baseline to what the task allows"
    )
    return f"From one to the next it changes by {digits(swing)} of {yardstick}, up and down."


CARD = DetectorCard(
    code=CODE,
    summary="The score swings up and down from evaluation to evaluation.",
    in_words="the score swings up and down",
    is_essential=False,
    needs=(needs.baseline,),
    thresholds=OscillatingThresholds,
    detect=detect,
)
