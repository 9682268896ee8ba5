"""Whether a score still improves, by the latest evaluations.

Legend: n evaluations, W of them in the window.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import NotAssessed
from app.domain.diagnosis.outcome import NO_SCORE, Outcome, SplitOutcome, outcome_of
from app.domain.telemetry import DoubleArray, IntArray
from app.domain.theil_sen import Slope, theil_sen

#: Share of the run's steps so far in which the latest evaluations lie.
WINDOW_SHARE = 1 / 3
#: Fewest evaluations of a trend; earlier ones are taken in where the window has fewer.
MIN_EVALUATIONS = 5


@dataclass(frozen=True, kw_only=True)
class ScoreTrend:
    """The levels of the latest evaluations of one split, and their Theil-Sen slope.

    The level is 0 at the baseline and 1 at the expected score.
    """

    outcome: Outcome
    one: SplitOutcome
    steps_W: IntArray
    levels_W: DoubleArray
    #: Level per step.
    slope: Slope

    @property
    def gained(self) -> float:
        """The level that is gained over the window, by the slope."""
        return self.slope.value * float(self.steps_W[-1] - self.steps_W[0])

    def is_rising(self, *, min_rise: float) -> bool:
        """Returns whether the level rises with 95 % confidence, by `min_rise` over the window."""
        return self.slope.interval[0] > 0 and self.gained >= min_rise

    def steps_to(self, level: float) -> float:
        """Returns how many more steps it takes to the level if the rise goes on as it is."""
        return (level - float(np.median(self.levels_W[-3:]))) / self.slope.value


def trend_if_behind(case: Case, code: str) -> ScoreTrend | NotAssessed | None:
    """Returns the trend of a run whose training is far from what the task allows.

    Training data decide where they have a level. Returns None if the task is learned, the training
    data are, or no reference model is better than the baseline.
    """
    outcome = outcome_of(case)
    if outcome is None:
        return NotAssessed(code=code, reason=NO_SCORE)
    judged = outcome.judged
    if judged.has_learned or (judged.expected is not None and not judged.expected.is_better):
        return None
    one = judged if outcome.train is None or outcome.train.level is None else outcome.train
    if one.has_learned:
        return None
    reason = _reason(case, outcome)
    trend = None if reason else _trend(outcome, one)
    return trend or NotAssessed(code=code, reason=reason or "there are too few evaluations")


def _reason(case: Case, outcome: Outcome) -> str | None:
    """Returns why there is no trend to judge; None if there may be one."""
    if outcome.judged.expected is None:
        return "it is unknown which score the task allows"
    if not outcome.is_due:
        return f"step {outcome.judged.step} of {case.num_steps} is too early"
    return None


def _trend(outcome: Outcome, one: SplitOutcome) -> ScoreTrend | None:
    levels_n = one.improvements_of(one.scores_n)
    size = max(MIN_EVALUATIONS, int((one.steps_n >= (1 - WINDOW_SHARE) * one.step).sum()))
    steps_W, levels_W = one.steps_n[-size:], levels_n[-size:]
    slope = theil_sen(steps_W.astype(np.float64), levels_W)
    if levels_W.size < MIN_EVALUATIONS or slope is None:
        return None
    return ScoreTrend(outcome=outcome, one=one, steps_W=steps_W, levels_W=levels_W, slope=slope)
