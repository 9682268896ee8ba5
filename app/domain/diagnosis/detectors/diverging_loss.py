"""Did the loss rise, and stay there?

Formula: over medians m of the training loss in `num_bins` equal stretches of the steps so far, with
the first value s (the larger finite one of the loss of step 0 and m_0) and the best b = min m, the
latest `lasting_bins` all lie above s + `max_excess` |s|, or above b + `max_return` (s - b) where
(s - b) >= `min_fall` |s|. The unit is that of the loss. A loss that is not finite is infinite. Or:
running medians of the evaluations on training data had a level of `min_best_level`, and all of the
latest `min_evaluations` have less than 1 - `max_return` of the best.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import UNKNOWN, consequence_of_failure
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.outcome import Outcome, outcome_of
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.score_fall import FallLimits, ScoreFall, fall_of
from app.domain.diagnosis.scores_in_words import score_evidence
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.diagnosis.trends import medians_of_bins
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray, FloatArray, IntArray

CODE = "diverging_loss"


@dataclass(frozen=True, kw_only=True)
class DivergingThresholds(FallLimits):
    """The thresholds of `diverging_loss`."""

    num_bins: int = count(
        40, unit="stretches", meaning="number of equal stretches of the steps so far", source=CHOSEN
    )
    lasting_bins: int = count(
        3, unit="stretches", meaning="number of latest stretches that must agree", source=CHOSEN
    )
    min_history: int = count(
        40, unit="steps", meaning="fewest steps for a judgement", source=CHOSEN
    )
    max_excess: float = threshold(
        0.3,
        meaning="excess over the first loss, relative to it, above which a loss has risen",
        source=f"runs that learn end at 0.22 of it; {BENCHMARK}",
    )
    min_fall: float = share(
        0.2,
        meaning="smallest fall of the loss, relative to the first, that it can return from",
        source=CHOSEN,
    )


@dataclass(frozen=True, kw_only=True)
class _Rise:
    """Medians of the loss by stretch, and the level above which they are too high."""

    #: The first step of each stretch.
    steps_B: IntArray
    losses_B: DoubleArray
    first: float
    best: int
    limit: float

    @property
    def present(self) -> float:
        return float(self.losses_B[-1])


def detect(case: Case, limits: DivergingThresholds) -> Judgement:
    loss_n = case.recorded("loss")
    if loss_n.size < limits.min_history:
        return NotAssessed(code=CODE, reason=f"fewer than {limits.min_history} steps were recorded")
    if not np.isfinite(loss_n[0]):
        return NotAssessed(code=CODE, reason="the first loss is not finite")
    rise = _rise(case, loss_n, limits)
    if (rise.losses_B[-limits.lasting_bins :] > rise.limit).all():
        return _finding(case, limits, rise)
    outcome = outcome_of(case)
    if outcome is None or outcome.train is None:
        return None
    fall = fall_of(outcome.train, limits)
    return None if fall is None else _fallen(case, limits, outcome, fall)


def _rise(case: Case, loss_n: FloatArray, limits: DivergingThresholds) -> _Rise:
    known_n = np.where(np.isfinite(loss_n), loss_n, np.inf)
    losses_B, begins_B = medians_of_bins(known_n, num_bins=limits.num_bins)
    best, begin = int(np.argmin(losses_B)), float(known_n[0])
    first = float(losses_B[0] if begin < losses_B[0] < np.inf else begin)
    limit = first + limits.max_excess * abs(first)
    fall = first - float(losses_B[best])
    if fall >= limits.min_fall * abs(first):
        limit = min(limit, losses_B[best] + limits.max_return * fall)
    return _Rise(
        steps_B=case.telemetry.steps_n[begins_B],
        losses_B=losses_B,
        first=first,
        best=best,
        limit=limit,
    )


def _finding(case: Case, limits: DivergingThresholds, rise: _Rise) -> Finding:
    outcome = outcome_of(case)
    consequence = UNKNOWN if outcome is None else consequence_of_failure(case, outcome)
    low = np.flatnonzero(rise.losses_B <= rise.limit)
    first = int(rise.steps_B[low[-1] + 1 if low.size else 0])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=first,
        last_step=int(case.telemetry.steps_n[-1]),
        threshold={"max_excess": limits.max_excess, "max_return": limits.max_return},
        evidence=_evidence(rise),
        explanation=(
            f"From step {first:,} on the training loss is higher than {short(rise.limit)}; its "
            f"latest median is {short(rise.present)}. It was {short(rise.first)} at the start, "
            f"and its lowest median was {short(rise.losses_B[rise.best])}, from step "
            f"{rise.steps_B[rise.best]:,} on."
        ),
    )


def _fallen(case: Case, limits: DivergingThresholds, outcome: Outcome, fall: ScoreFall) -> Finding:
    """Returns the finding of a score that fell back, whatever the loss was at the start."""
    consequence = consequence_of_failure(case, outcome)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=fall.first_step,
        last_step=outcome.judged.step,
        scope=Scope.split("train"),
        threshold={"max_return": limits.max_return},
        evidence={
            **score_evidence(outcome),
            "best_score": number(fall.best_score),
            "best_step": fall.best_step,
            "latest_score": number(fall.score),
        },
        explanation=(
            f"The best {outcome.judged.metric} on train was {short(fall.best_score)}, at step "
            f"{fall.best_step}. Since step {fall.first_step} most of that is lost, and the "
            f"latest evaluations have {short(fall.score)}."
        ),
    )


def _evidence(rise: _Rise) -> dict[str, JsonValue]:
    return {
        "first_loss": number(rise.first),
        "lowest_median_loss": number(rise.losses_B[rise.best]),
        "lowest_median_step": int(rise.steps_B[rise.best]),
        "latest_median_loss": number(rise.present),
        "limit_loss": number(rise.limit),
    }


CARD = DetectorCard(
    code=CODE,
    summary="The training loss rose and stays high.",
    in_words="the loss rose and stays high",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=DivergingThresholds,
    detect=detect,
)
