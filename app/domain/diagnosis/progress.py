"""How far the task is learned: 0 for the score of the baseline, 1 for the attainable score."""

import math
from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.scopes import Scope, Split
from app.domain.task import Baseline, MetricMode, TaskFacts
from app.domain.telemetry import DoubleArray, IntArray

#: Number of latest evaluations whose median counts, because a single one is noisy.
NUM_EVALUATIONS = 3
#: These evaluations lie in this last share of the run's steps, so that no start of a run counts.
RECENT_SHARE = 0.1
#: The best possible score on any data: errors and entropies are at least 0, accuracies at most 1.
IDEAL = {MetricMode.MINIMISE: 0.0, MetricMode.MAXIMISE: 1.0}
#: The first split that has scores is judged.
_SPLITS: tuple[Split, ...] = ("validation", "train")


@dataclass(frozen=True, kw_only=True)
class TaskProgress:
    """(floor - score) / (floor - attainable), with the sources of its numbers."""

    value: float
    #: True if the attainable score is unknown and the ideal score replaces it: the true progress is
    #: at least `value`.
    is_lower_bound: bool
    score: float
    split: Split
    step: int
    floor: Baseline
    #: The score of the floor on the same split.
    floor_score: float
    #: How much better than the floor the score is, relative to the floor; infinite if that is 0.
    relative_gain: float

    def is_at_least(self, level: float) -> bool:
        return self.value >= level


def task_progress(case: Case) -> TaskProgress | None:
    """Returns the progress by the latest validation scores, or training scores if there are none.

    Returns None without a baseline or without scores.
    """
    by_split = (progress_on(case, split) for split in _SPLITS)
    return next((one for one in by_split if one is not None), None)


def progress_on(case: Case, split: Split) -> TaskProgress | None:
    """Returns the progress by the latest scores on a split; None without a baseline or scores."""
    if case.task is None or case.task.baseline is None:
        return None
    steps, scores = case.telemetry.series(case.task.metric, Scope.split(split))
    if not steps.size:
        return None
    sign = 1.0 if case.task.mode is MetricMode.MINIMISE else -1.0
    known = np.where(np.isfinite(scores), scores, sign * np.inf)
    score = recent_score(steps, known, num_steps=case.num_steps)
    return _progress(case.task, case.task.baseline, score, split=split, step=int(steps[-1]))


def _progress(
    task: TaskFacts, floor: Baseline, score: float, *, split: Split, step: int
) -> TaskProgress:
    best = IDEAL[task.mode] if task.attainable is None else task.attainable
    floor_score = floor.score_on(split)
    gap = floor_score - best
    return TaskProgress(
        value=(floor_score - score) / gap if gap else 0.0,
        is_lower_bound=task.attainable is None or gap == 0,
        score=score,
        split=split,
        step=step,
        floor=floor,
        floor_score=floor_score,
        relative_gain=relative_gain(score, floor_score, task.mode),
    )


def recent_score(steps_n: IntArray, scores_n: DoubleArray, *, num_steps: int) -> float:
    """Returns the median of the latest evaluations, of which there must be one."""
    begin = steps_n[-1] - RECENT_SHARE * num_steps
    return float(np.median(scores_n[steps_n >= begin][-NUM_EVALUATIONS:]))


def relative_gain(score: float, floor: float, mode: MetricMode) -> float:
    """Returns how much better than the floor the score is, relative to it; infinite if it is 0."""
    gain = floor - score if mode is MetricMode.MINIMISE else score - floor
    if floor:
        return gain / abs(floor)
    return math.copysign(math.inf, gain) if gain else 0.0
