"""How much of what is known to be attainable a run has reached, on one split.

`progress` judges the run by the split that counts. Here training scores can be judged too: a
mechanism that keeps a run from learning shows on the training part, and overfitting does not.
"""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.progress import IDEAL, NUM_EVALUATIONS, RECENT_SHARE
from app.domain.scopes import Scope, Split
from app.domain.task import Baseline, MetricMode, TaskFacts

#: Share of what is attainable from which on a split counts as learned.
ATTAINED = 0.8
#: Gain of the reference over the baseline, relative to the baseline, below which it shows nothing.
MIN_REFERENCE_GAIN = 0.01


def reached(case: Case, split: Split) -> float | None:
    """Returns (floor - score) / (floor - best); None without a baseline or without scores.

    The floor is the score of the trivial predictor, and the best one the attainable score, the
    score of the reference model, or the ideal score, whichever is known first. A score that is not
    finite is minus infinity.
    """
    if case.task is None or case.task.baseline is None:
        return None
    steps_n, scores_n = case.telemetry.series(case.task.metric, Scope.split(split))
    if not steps_n.size:
        return None
    scores_n = scores_n[steps_n >= steps_n[-1] - RECENT_SHARE * case.num_steps][-NUM_EVALUATIONS:]
    if not np.isfinite(scores_n).all():
        return -np.inf
    floor = case.task.baseline.score_on(split)
    gap = floor - _best(case.task, case.task.baseline, split)
    return (floor - float(np.median(scores_n))) / gap if gap else 0.0


def is_trained(case: Case) -> bool:
    """Returns whether the training part is learned, as far as is known."""
    share = reached(case, "train")
    return share is not None and share >= ATTAINED


def _best(task: TaskFacts, baseline: Baseline, split: Split) -> float:
    if task.attainable is not None:
        return task.attainable
    floor = baseline.score_on(split)
    known = None if task.reference is None else task.reference.score_on(split, task.metric)
    sign = 1.0 if task.mode is MetricMode.MINIMISE else -1.0
    if known is not None and sign * (floor - known) > MIN_REFERENCE_GAIN * abs(floor):
        return known
    return IDEAL[task.mode]
