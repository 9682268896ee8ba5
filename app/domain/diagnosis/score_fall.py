"""Whether a score that was good fell back, by running medians of the evaluations.

Legend: n evaluations.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.outcome import SplitOutcome
from app.domain.diagnosis.thresholds import CHOSEN, count, share


@dataclass(frozen=True, kw_only=True)
class FallLimits:
    """The thresholds of a score that fell back, which `diverging_loss` has as well."""

    max_return: float = share(
        0.5,
        meaning="share of the fall of a loss, or of the best level, that may be lost again",
        source=CHOSEN,
    )
    min_best_level: float = share(
        0.2, meaning="smallest best level that a score can fall back from", source=CHOSEN
    )
    min_evaluations: int = count(
        3, unit="evaluations", meaning="number of latest evaluations that must agree", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class ScoreFall:
    """The best score, and since when most of it is lost."""

    best_score: float
    best_step: int
    first_step: int
    #: Median of the latest evaluations.
    score: float


def fall_of(one: SplitOutcome, limits: FallLimits) -> ScoreFall | None:
    """Returns None unless the latest evaluations lost a large share of the best level."""
    smooth_n = one.smooth_n
    levels_n = one.improvements_of(smooth_n)
    best = int(np.argmax(levels_n))
    is_lost_n = levels_n < (1 - limits.max_return) * levels_n[best]
    if levels_n[best] < limits.min_best_level or not is_lost_n[-limits.min_evaluations :].all():
        return None
    return ScoreFall(
        best_score=float(smooth_n[best]),
        best_step=int(one.steps_n[best]),
        first_step=int(one.steps_n[np.flatnonzero(~is_lost_n)[-1] + 1]),
        score=float(smooth_n[-1]),
    )
