"""What a run has learned: on training and on validation data, beside what the task allows.

Scores are medians of the latest evaluations, as in `progress`. Legend: n evaluations.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.progress import NUM_EVALUATIONS, recent_score
from app.domain.diagnosis.standing import (
    BaselineThresholds,
    Expected,
    Standing,
    Yardsticks,
    yardsticks_of,
)
from app.domain.scopes import Scope, Split
from app.domain.task import MetricMode
from app.domain.telemetry import DoubleArray, IntArray

#: Why nothing can be said of an outcome.
NO_SCORE = "there is no score of the task metric"
#: Gain over the floor, relative to it, that is learning even if the expected score is unknown.
FAR_GAIN = 0.5
#: Levels and gains of single evaluations are cut here, so that they have finite differences.
MAX_LEVEL = 1e6


@dataclass(frozen=True, kw_only=True)
class SplitOutcome:
    """The scores of a run on one split, and what they compare with."""

    split: Split
    metric: str
    #: Steps of the evaluations, and their scores; scores that are not finite are infinitely bad.
    steps_n: IntArray
    scores_n: DoubleArray
    #: Median of the latest evaluations.
    score: float
    yardsticks: Yardsticks

    @property
    def step(self) -> int:
        """The step of the latest evaluation."""
        return int(self.steps_n[-1])

    @property
    def floor(self) -> float:
        return self.yardsticks.floor

    @property
    def expected(self) -> Expected | None:
        return self.yardsticks.expected

    @property
    def standing(self) -> Standing:
        return self.yardsticks.standing_of(self.score)

    @property
    def gain(self) -> float:
        """How much better than the floor the score is, relative to the floor."""
        return self.yardsticks.gain_of(self.score)

    @property
    def level(self) -> float | None:
        return self.yardsticks.level_of(self.score)

    @property
    def has_learned(self) -> bool:
        """Whether the score is as expected or, if that is unknown, far better than the floor."""
        is_far = self.standing is Standing.BETTER and self.gain >= FAR_GAIN
        return is_far or self.standing is Standing.REACHED

    @property
    def smooth_n(self) -> DoubleArray:
        """(n,) medians of each evaluation and the ones just before it."""
        padded = np.concatenate([np.full(NUM_EVALUATIONS - 1, self.scores_n[0]), self.scores_n])
        windows_nW = np.lib.stride_tricks.sliding_window_view(padded, NUM_EVALUATIONS)
        medians_n: DoubleArray = np.median(windows_nW, axis=1)
        return medians_n

    def improvements_of(self, scores_n: DoubleArray) -> DoubleArray:
        """Returns the levels of scores or, without an expected score, their gains."""
        expected = self.expected
        if expected is None or not expected.is_better:
            return self.gains_of(scores_n)
        return _bounded(self.floor - scores_n, by=self.floor - expected.score)

    def gains_of(self, scores_n: DoubleArray) -> DoubleArray:
        """Returns how much better than the floor scores are, relative to it or, if 0, to 1."""
        sign = 1.0 if self.yardsticks.mode is MetricMode.MINIMISE else -1.0
        return _bounded(sign * (self.floor - scores_n), by=abs(self.floor) or 1.0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run has learned so far."""

    #: None without training scores.
    train: SplitOutcome | None
    validation: SplitOutcome | None
    #: The split that decides: validation or, without it, training.
    judged: SplitOutcome
    #: Whether the run is so far that it is expected to have learned.
    is_due: bool
    #: Whether the run is at its end, or nearly.
    is_late: bool


def outcome_of(case: Case) -> Outcome | None:
    """Returns None without a baseline or without scores."""
    train, validation = _on(case, "train"), _on(case, "validation")
    judged = validation or train
    if judged is None:
        return None
    limits = case.thresholds.of(BaselineThresholds)
    return Outcome(
        train=train,
        validation=validation,
        judged=judged,
        is_due=case.was_completed or judged.step >= limits.min_share * case.num_steps,
        is_late=case.was_completed or judged.step >= limits.late_share * case.num_steps,
    )


def _bounded(differences_n: DoubleArray, *, by: float) -> DoubleArray:
    """Returns differences divided by a number, between both bounds; overflow is such a bound."""
    with np.errstate(over="ignore"):
        return np.clip(differences_n / by, -MAX_LEVEL, MAX_LEVEL)


def _on(case: Case, split: Split) -> SplitOutcome | None:
    task = case.task
    if task is None or task.baseline is None:
        return None
    steps_n, raw_n = case.telemetry.series(task.metric, Scope.split(split))
    if not steps_n.size:
        return None
    worst = np.inf if task.mode is MetricMode.MINIMISE else -np.inf
    scores_n = np.where(np.isfinite(raw_n), raw_n, worst)
    return SplitOutcome(
        split=split,
        metric=task.metric,
        steps_n=steps_n,
        scores_n=scores_n,
        score=recent_score(steps_n, scores_n, num_steps=case.num_steps),
        yardsticks=yardsticks_of(task, split, case.thresholds.of(BaselineThresholds)),
    )
