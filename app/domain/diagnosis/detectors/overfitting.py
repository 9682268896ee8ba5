"""Does the network fit its training data, while other data get worse?

Formula: with levels, or gains relative to the baseline, of running medians of the evaluations,

    gap  = training - validation
    loss = best validation so far - validation

the finding is active where gap >= `min_gap` and either loss >= `min_loss` for each of the latest
`min_evaluations`, while training is better than at the step of the best validation, or the training
data are learned and validation is not. Unit: level, which is 0 at the baseline and 1 at
the expected score. Source: early stopping (Prechelt 1998).

Where validation got worse, the best weights are kept, so the harm is bounded: the finding is a
warning if these had learned the task and the latest ones are at least half of the way to it.
"""

from dataclasses import dataclass, replace

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import (
    BLOCKING,
    UNKNOWN,
    Consequence,
    consequence_of_failure,
)
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.outcome import NO_SCORE, Outcome, SplitOutcome, outcome_of
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.scores_in_words import score_evidence
from app.domain.diagnosis.standing import Standing
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, threshold
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray

CODE = "overfitting"
#: Level from which on a score is not clearly behind what the task allows.
HALF_OF_THE_WAY = 0.5


@dataclass(frozen=True, kw_only=True)
class OverfittingThresholds:
    """The thresholds of `overfitting`."""

    min_gap: float = threshold(
        0.2,
        meaning="smallest gap between the levels of training and of validation",
        source=BENCHMARK,
    )
    min_loss: float = threshold(
        0.1,
        meaning="smallest loss of the level of validation since its best",
        source=BENCHMARK,
    )
    min_evaluations: int = count(
        3,
        unit="evaluations",
        meaning="number of latest evaluations that must agree",
        source=CHOSEN,
    )


@dataclass(frozen=True, kw_only=True)
class _Curves:
    """Levels of both splits at the evaluations that they share."""

    train: SplitOutcome
    validation: SplitOutcome
    train_n: DoubleArray
    validation_n: DoubleArray

    @property
    def best(self) -> int:
        """The place of the best validation."""
        return int(np.argmax(self.validation_n))

    @property
    def losses_n(self) -> DoubleArray:
        losses_n: DoubleArray = self.validation_n[self.best] - self.validation_n
        return losses_n

    @property
    def gap(self) -> float:
        return float(self.train_n[-1] - self.validation_n[-1])


def detect(case: Case, limits: OverfittingThresholds) -> Judgement:
    outcome = outcome_of(case)
    if outcome is None:
        return NotAssessed(code=CODE, reason=NO_SCORE)
    curves = _curves(outcome)
    if curves is None:
        return NotAssessed(code=CODE, reason="there are no scores on both training and validation")
    if curves.gap < limits.min_gap:
        return None
    if not _has_got_worse(curves, limits) and not _learned_training_only(curves, outcome):
        return None
    return _finding(case, limits, outcome, curves)


def _curves(outcome: Outcome) -> _Curves | None:
    train, validation = outcome.train, outcome.validation
    if train is None or validation is None:
        return None
    if not np.array_equal(train.steps_n, validation.steps_n):
        return None
    if (train.level is None) != (validation.level is None):
        return _gains(train, validation)
    return _Curves(
        train=train,
        validation=validation,
        train_n=train.improvements_of(train.smooth_n),
        validation_n=validation.improvements_of(validation.smooth_n),
    )


def _gains(train: SplitOutcome, validation: SplitOutcome) -> _Curves:
    """Returns gains where only one split has levels."""
    return _Curves(
        train=train,
        validation=validation,
        train_n=train.gains_of(train.smooth_n),
        validation_n=validation.gains_of(validation.smooth_n),
    )


def _has_got_worse(curves: _Curves, limits: OverfittingThresholds) -> bool:
    latest = curves.losses_n[-limits.min_evaluations :]
    has_trained = curves.train_n[-1] > curves.train_n[curves.best]
    return bool(has_trained and (latest >= limits.min_loss).all())


def _learned_training_only(curves: _Curves, outcome: Outcome) -> bool:
    return outcome.is_due and curves.train.has_learned and not curves.validation.has_learned


def _finding(
    case: Case, limits: OverfittingThresholds, outcome: Outcome, curves: _Curves
) -> Finding:
    consequence = _consequence(case, limits, outcome, curves)
    validation = curves.validation
    best_step = int(validation.steps_n[curves.best])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=_first_step(curves, limits),
        last_step=validation.step,
        scope=Scope.split("validation"),
        threshold={"min_gap": limits.min_gap, "min_loss": limits.min_loss},
        evidence={
            **score_evidence(outcome),
            "level_gap": number(curves.gap),
            "level_lost": number(curves.losses_n[-1]),
            "best_step": best_step,
            "best_validation_score": number(validation.smooth_n[curves.best]),
            "best_was_better_than_baseline": bool(curves.validation_n[curves.best] > 0),
        },
        explanation=(
            f"Up to step {validation.step:,} the {validation.metric} is "
            f"{short(curves.train.score)} on train and {short(validation.score)} on validation. "
            f"{_history(curves, limits)}"
        ),
    )


def _consequence(
    case: Case, limits: OverfittingThresholds, outcome: Outcome, curves: _Curves
) -> Consequence:
    usual = consequence_of_failure(case, outcome)
    is_bounded = _has_got_worse(curves, limits) and _is_harm_bounded(curves)
    return UNKNOWN if usual == BLOCKING and is_bounded else usual


def _is_harm_bounded(curves: _Curves) -> bool:
    """Returns whether the best weights have learned, and the latest are not clearly behind."""
    validation = curves.validation
    if validation.standing is Standing.BETTER:
        return True
    best = replace(validation, score=float(validation.smooth_n[curves.best]))
    return best.has_learned and (validation.level or 0.0) >= HALF_OF_THE_WAY


def _first_step(curves: _Curves, limits: OverfittingThresholds) -> int:
    """Returns the first of the latest evaluations that are all worse than the best, or apart."""
    apart_n = curves.train_n - curves.validation_n >= limits.min_gap
    if _has_got_worse(curves, limits):
        apart_n &= curves.losses_n >= limits.min_loss
    before = np.flatnonzero(~apart_n)
    return int(
        curves.validation.steps_n[min(before[-1] + 1, apart_n.size - 1) if before.size else 0]
    )


def _history(curves: _Curves, limits: OverfittingThresholds) -> str:
    if not _has_got_worse(curves, limits):
        return "The network has learned its training data, and not what holds for other data."
    best = short(float(curves.validation.smooth_n[curves.best]))
    step = curves.validation.steps_n[curves.best]
    return (
        f"On validation it was {best} at step {step:,}, and got worse while the network "
        "learned its training data."
    )


CARD = DetectorCard(
    code=CODE,
    summary="The network fits its training data better and better, and other data no better.",
    in_words="the network has learned its training data only",
    is_essential=False,
    needs=(needs.baseline,),
    thresholds=OverfittingThresholds,
    detect=detect,
)
