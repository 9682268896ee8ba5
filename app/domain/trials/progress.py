"""How far a score is on the way from that of the baseline to what the task allows.

    progress = (floor - score) / (floor - expected)

The floor is the score of the baseline. The expected score is the attainable one or, where that is
unknown, that of the best reference model. Where neither is known, or neither is better than the
floor, it is a score better by `UNKNOWN_GAIN` than the floor.
"""

from app.domain.diagnosis.standing import BaselineThresholds, Standing, Yardsticks, yardsticks_of
from app.domain.scopes import Split
from app.domain.task import JUDGED_SPLIT, MetricMode, TaskFacts

#: Progress from which on a task is learned.
CURED_FROM = 0.8
#: Progress at which a run of a trial ends early. It is higher than `CURED_FROM`, because the test
#: split may score worse than the validation split.
STOP_AT = 0.9
#: Gain over the floor, relative to it, that stands for the unknown expected score: half of the
#: floor is 0.8 of it.
UNKNOWN_GAIN = 0.625
#: Progress is cut here, so that no single run decides a mean. A score that is not finite is worst.
WORST, BEST = -1.0, 1.5

_LIMITS = BaselineThresholds()


def progress_of(task: TaskFacts, split: Split, score: float | None) -> float | None:
    """Returns the progress of a score of the task's metric, from WORST to BEST.

    None is a score that is not finite. Returns None for a task without a baseline.
    """
    if not task.baselines:
        return None
    if score is None:
        return WORST
    yardsticks = yardsticks_of(task, split, _LIMITS)
    expected = _expected_score(yardsticks)
    is_reached = yardsticks.standing_of(score) is Standing.REACHED
    if yardsticks.level_of(score) is None and is_reached:
        return 1.0
    gap = yardsticks.floor - expected
    value = (yardsticks.floor - score) / gap if gap else 0.0
    return min(BEST, max(WORST, value))


def target_score(task: TaskFacts) -> float | None:
    """Returns the validation score at which a run of a trial has shown enough.

    Returns None where it is unknown what the task allows.
    """
    if not task.baselines:
        return None
    yardsticks = yardsticks_of(task, JUDGED_SPLIT, _LIMITS)
    if yardsticks.level_of(yardsticks.floor) is None:
        return None
    return yardsticks.floor - STOP_AT * (yardsticks.floor - _expected_score(yardsticks))


def _expected_score(yardsticks: Yardsticks) -> float:
    expected = yardsticks.expected
    if expected is not None and expected.is_better:
        return expected.score
    sign = 1.0 if yardsticks.mode is MetricMode.MINIMISE else -1.0
    return yardsticks.floor - sign * UNKNOWN_GAIN * abs(yardsticks.floor)
