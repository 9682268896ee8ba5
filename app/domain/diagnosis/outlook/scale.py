"""Scores on a scale that fits errors, entropies and accuracies alike.

    height = ln(distance to the best possible score / that of the baseline + 0.01)

It is about 0 at the baseline and falls with each halving of the distance by the same amount, down
to a hundredth of it.
"""

import math
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.outcome import SplitOutcome
from app.domain.diagnosis.progress import IDEAL
from app.domain.task import MetricMode

#: Distances that are much smaller than this share of the baseline's are as good as none.
RESOLUTION = 0.01
#: Height of scores that are infinitely bad: about twenty times the distance of the baseline.
MOST_HEIGHT = 3.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scale of one split."""

    #: The attainable score or, where it is unknown, the best possible one.
    best: float
    #: From the best score to the baseline; negative where larger scores are better.
    distance: float

    def height_of(self, score: float) -> float:
        """Returns the height of a score, at most `MOST_HEIGHT`."""
        ratio = (score - self.best) / self.distance
        if not ratio < math.exp(MOST_HEIGHT):
            return MOST_HEIGHT
        return math.log(max(ratio, 0.0) + RESOLUTION)

    def score_at(self, height: float) -> float:
        """Returns the score of a height; no better than the best one."""
        ratio = math.exp(min(height, MOST_HEIGHT)) - RESOLUTION
        return self.best + self.distance * max(ratio, 0.0)


def scale_of(case: Case, one: SplitOutcome) -> Scale | None:
    """Returns None where the baseline is as good as can be."""
    attainable = None if case.task is None else case.task.attainable
    best = IDEAL[one.yardsticks.mode] if attainable is None else attainable
    distance = one.floor - best
    sign = 1.0 if one.yardsticks.mode is MetricMode.MINIMISE else -1.0
    return Scale(best=best, distance=distance) if sign * distance > 0 else None
