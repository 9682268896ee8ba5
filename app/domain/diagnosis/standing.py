"""How a score compares with what is known of the task: baselines, reference, attainable score.

    level = (floor - score) / (floor - expected)

The floor is the score of the baseline. The expected score is the attainable one or, where that is
unknown, that of the best reference model on the same split. The level is 0 at the floor and 1 at
the expected score.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.diagnosis.progress import relative_gain
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, share, threshold
from app.domain.scopes import Split
from app.domain.task import MetricMode, TaskFacts

#: Baselines that look at the input. All others are the same for every input.
LOOKING_BASELINES = frozenset({"naive", "seasonal_naive", "bigram"})
#: Largest gap of the nonlinear model to the best one, relative to its score, that is none.
NONLINEAR_GAP = 0.05


@dataclass(frozen=True, kw_only=True)
class BaselineThresholds:
    """The thresholds of `no_better_than_baseline`, by which every outcome is judged."""

    min_share: float = share(
        0.5,
        meaning="share of the run's steps before which a run is not expected to have learned",
        source=CHOSEN,
    )
    late_share: float = share(
        0.75,
        meaning="share of the run's steps from which on a run without progress has failed",
        source=f"the lowest level of 556 healthy runs there was 0.46; {BENCHMARK}",
    )
    min_outlook: float = share(
        0.8,
        meaning=(
            "smallest probability that the task is not learned, from which on an active symptom is "
            "critical before the end"
        ),
        source=BENCHMARK,
    )
    min_foresight_share: float = share(
        0.05,
        meaning="share of the run's steps before which an outlook makes nothing critical",
        source=BENCHMARK,
    )
    min_level: float = share(
        0.1,
        meaning="smallest level that is better than the baseline, if the expected score is known",
        source=CHOSEN,
    )
    expected_level: float = share(
        0.65,
        meaning="smallest level of a run that has learned its task",
        source=f"1 of 568 healthy runs lies below, 95 % of failed ones do; {BENCHMARK}",
    )
    min_gain: float = share(
        0.01,
        meaning="smallest relative gain over the baseline that is better, if it is unknown",
        source=CHOSEN,
    )
    max_baseline_gap: float = share(
        0.02,
        meaning=(
            "largest gap to the baseline, relative to its score, that is none where no reference "
            "model is better"
        ),
        source=f"runs that learned noise had 0.04 and more; {BENCHMARK}",
    )
    max_spread_gap: float = share(
        0.05,
        meaning=(
            "largest gap to the best reference model that is none, relative to the gap between "
            "that model and the worst constant baseline"
        ),
        source=f"up to 0.044 where the last value is nearly the best forecast; {BENCHMARK}",
    )
    max_reference_ratio: float = threshold(
        0.5,
        meaning="largest gap by `max_spread_gap`, relative to the score of the reference model",
        source=f"up to 0.25 in healthy runs, from 0.8 on in failed ones; {BENCHMARK}",
    )


class Standing(StrEnum):
    """How the latest score of a split compares with what is known of the task."""

    #: As good as can be expected, or equal to the best reference model.
    REACHED = "reached"
    #: Better than the baseline, but far from the expected score.
    BEHIND = "behind"
    #: No better than the baseline.
    AT_FLOOR = "at_floor"
    #: Better than the baseline; what can be expected is unknown.
    BETTER = "better"
    #: No better than the baseline; neither is any reference model, and whether more can be learned
    #: is unknown.
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The score that the task allows, and who reaches it."""

    score: float
    #: The reference model; None for the attainable score.
    reference_name: str | None
    #: Whether it is better than the baseline, so that there is a level.
    is_better: bool
    #: Whether it is shown that no model can do better.
    is_settled: bool


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """What the scores of one split are compared with."""

    mode: MetricMode
    floor: float
    #: Score of the worst baseline that does not look at the input.
    constant: float
    #: None if neither the attainable score nor that of a reference model is known.
    expected: Expected | None
    limits: BaselineThresholds

    def gain_of(self, score: float) -> float:
        """Returns how much better than the floor a score is, relative to the floor."""
        return relative_gain(score, self.floor, self.mode)

    def level_of(self, score: float) -> float | None:
        """Returns None where the expected score is unknown or no better than the floor."""
        if self.expected is None or not self.expected.is_better:
            return None
        return (self.floor - score) / (self.floor - self.expected.score)

    def standing_of(self, score: float) -> Standing:
        is_gain = self.gain_of(score) >= self.limits.min_gain
        if self.expected is None:
            return Standing.BETTER if is_gain else Standing.AT_FLOOR
        level = self.level_of(score)
        if level is not None:
            return self._standing_at(level, is_equal=self._is_equal(score, self.expected))
        if is_gain:
            return Standing.REACHED
        if not self._is_equal(score, self.expected):
            return Standing.AT_FLOOR
        return Standing.REACHED if self.expected.is_settled else Standing.OPEN

    def _standing_at(self, level: float, *, is_equal: bool) -> Standing:
        if level >= self.limits.expected_level or is_equal:
            return Standing.REACHED
        return Standing.BEHIND if level >= self.limits.min_level else Standing.AT_FLOOR

    def _is_equal(self, score: float, expected: Expected) -> bool:
        """Returns whether a score is as good as the expected one, up to a small gap.

        Where the baseline is nearly the best model, a gap is small beside that of the constant
        baseline.
        """
        sign = 1.0 if self.mode is MetricMode.MINIMISE else -1.0
        spread = self.limits.max_spread_gap * abs(self.constant - expected.score)
        most = min(spread, self.limits.max_reference_ratio * abs(expected.score))
        if sign * (score - expected.score) <= most:
            return True
        least = self.floor + sign * self.limits.max_baseline_gap * abs(self.floor)
        return not expected.is_better and sign * (score - least) <= 0


def yardsticks_of(task: TaskFacts, split: Split, limits: BaselineThresholds) -> Yardsticks:
    """Returns what scores of the split compare with; the task must have a baseline."""
    floor = task.baselines[0].score_on(split)
    return Yardsticks(
        mode=task.mode,
        floor=floor,
        constant=_constant(task, split, floor=floor),
        expected=_expected(task, split, floor=floor, limits=limits),
        limits=limits,
    )


def _constant(task: TaskFacts, split: Split, *, floor: float) -> float:
    """Returns the worst score of the constant baselines, or the floor if there is none."""
    scores = [
        one.score_on(split)
        for one in task.baselines
        if one.metric == task.metric and one.name not in LOOKING_BASELINES
    ]
    worst = max if task.mode is MetricMode.MINIMISE else min
    return worst(scores, default=floor)


def _expected(
    task: TaskFacts, split: Split, *, floor: float, limits: BaselineThresholds
) -> Expected | None:
    reference = None if task.reference is None else task.reference.score_on(split, task.metric)
    score = reference if task.attainable is None else task.attainable
    if score is None:
        return None
    name = task.reference.name if task.reference and task.attainable is None else None
    gain = relative_gain(score, floor, task.mode)
    return Expected(
        score=score,
        reference_name=name,
        is_better=gain >= limits.min_gain,
        is_settled=name is None or _is_settled(task),
    )


def _is_settled(task: TaskFacts) -> bool:
    """Returns whether a nonlinear model is no better, and the residuals are white."""
    reference = task.reference
    best = None if reference is None else reference.score_on("validation", task.metric)
    if reference is None or best is None or reference.nonlinear_score is None:
        return False
    sign = 1.0 if task.mode is MetricMode.MINIMISE else -1.0
    gap = sign * (reference.nonlinear_score - best)
    return reference.are_residuals_white is True and gap <= NONLINEAR_GAP * abs(best)
