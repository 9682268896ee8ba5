"""Does the score swing from evaluation to evaluation?

Formula: of the levels and of the gains over the baseline at the latest evaluations, the median
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
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.scores_in_words import score_evidence
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray

CODE = "oscillating_loss"


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
        meaning="smallest median difference of successive levels, and of gains over the baseline",
        source=f"at most 0.13 in 98 % of runs that learn; {BENCHMARK}",
    )
    min_alternation: float = share(
        0.4,
        meaning="smallest share of differences whose sign differs from the one before",
        source=f"2/3 if there is no trend; {BENCHMARK}",
    )


@dataclass(frozen=True, kw_only=True)
class _Swings:
    """How the scores of the latest evaluations change."""

    scores_W: DoubleArray
    #: Median |difference| of successive levels, and of gains relative to the baseline.
    level: float
    gain: float
    alternating_share: float

    @property
    def swing(self) -> float:
        """The smaller of both, since a small gap to the expected score enlarges the levels."""
        return min(self.level, self.gain)


def detect(case: Case, limits: OscillatingThresholds) -> Judgement:
    outcome = outcome_of(case)
    if outcome is None:
        return NotAssessed(code=CODE, reason=NO_SCORE)
    one = outcome.train or outcome.judged
    seen = _swings_of(one, limits)
    num = seen.scores_W.size
    if num < limits.min_evaluations:
        reason = f"there are fewer than {limits.min_evaluations} evaluations"
        return NotAssessed(code=CODE, reason=reason)
    if seen.swing < limits.min_swing or seen.alternating_share < limits.min_alternation:
        return None
    consequence = consequence_of_failure(case, outcome)
    low, high = float(seen.scores_W.min()), float(seen.scores_W.max())
    first = int(one.steps_n[-num])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=first,
        last_step=one.step,
        scope=Scope.split(one.split),
        threshold={
            "min_swing": limits.min_swing,
            "min_alternation": limits.min_alternation,
        },
        evidence={
            **score_evidence(outcome),
            "median_level_swing": number(seen.level),
            "median_gain_swing": number(seen.gain),
            "alternating_share": number(seen.alternating_share),
            "smallest_score": number(low),
            "largest_score": number(high),
            "evaluations": num,
        },
        explanation=(
            f"In the {num} evaluations from step {first:,} to {one.step:,} the {one.metric} on "
            f"{one.split} lies between {short(low)} and {short(high)}. From one to the next it "
            f"changes by {short(seen.gain)} times the baseline's score, up and down."
        ),
    )


def _swings_of(one: SplitOutcome, limits: OscillatingThresholds) -> _Swings:
    recent = int((one.steps_n >= one.step * 2 / 3).sum())
    scores_W = one.scores_n[-max(limits.min_evaluations, recent) :]
    swings = np.diff(one.improvements_of(scores_W))
    alternate = np.sign(swings[1:]) * np.sign(swings[:-1]) < 0
    return _Swings(
        scores_W=scores_W,
        level=_median(np.abs(swings)),
        gain=_median(np.abs(np.diff(one.gains_of(scores_W)))),
        alternating_share=float(alternate.mean()) if alternate.size else 0.0,
    )


def _median(values: DoubleArray) -> float:
    return float(np.median(values)) if values.size else 0.0


CARD = DetectorCard(
    code=CODE,
    summary="The score swings up and down from evaluation to evaluation.",
    in_words="the score swings up and down",
    is_essential=False,
    needs=(needs.baseline,),
    thresholds=OscillatingThresholds,
    detect=detect,
)
