"""Signs of how the loss and the scores went.

Progress is (floor - score) / (floor - best); the best is the attainable score or the ideal one.
"""

import math
from collections.abc import Mapping

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.progress import IDEAL
from app.domain.diagnosis.ranking.measured import (
    first,
    largest,
    last,
    least,
    log_ratio,
    middle,
    probed,
    share,
    step_curve,
)
from app.domain.scopes import Scope, ScopeKind, Split
from app.domain.task import TaskFacts
from app.domain.telemetry import DoubleArray

#: Progress below and above is cut off.
LEAST, MOST = -3.0, 1.5
#: Metrics that are losses too, and their unit in that of the loss; the first measured one counts.
LOSSES = (
    ("cross_entropy", 1.0),
    ("bits_per_character", math.log(2)),
    ("mse_scaled", 1.0),
    ("mse", 1.0),
)
SPLITS = (ScopeKind.SPLIT,)
#: Steps whose median loss is the start of the curve.
NUM_START = 5


def score_signs(case: Case) -> Mapping[str, float]:
    """Returns the progress on training and validation data, and how it changed."""
    train_n, validation_n = (_progress(case, split) for split in ("train", "validation"))
    signs: dict[str, float] = {}
    for split, progress_n in (("train", train_n), ("validation", validation_n)):
        *_, before_n, late_n = np.array_split(progress_n, 4)
        signs |= {
            f"{split}_progress": last(progress_n),
            f"{split}_best": largest(progress_n),
            f"{split}_first": first(progress_n),
            f"{split}_fell": largest(progress_n) - last(progress_n),
            f"{split}_gain_late": middle(late_n) - middle(before_n),
            f"{split}_rough": middle(np.abs(np.diff(late_n))),
        }
    return signs | {
        "gap_of_splits": signs["train_progress"] - signs["validation_progress"],
        "validation_best_at": _place_of_largest(validation_n),
    }


def _place_of_largest(values_n: DoubleArray) -> float:
    return float(np.argmax(values_n)) / values_n.size if values_n.size else math.nan


def reference_signs(case: Case) -> Mapping[str, float]:
    """Returns what the reference model reaches, and the floors of the splits."""
    task = case.task
    train = _progress_of_reference(task, "train")
    validation = _progress_of_reference(task, "validation")
    return {
        "reference_train": train,
        "reference_validation": validation,
        "reference_gap": train - validation,
        "floor_shift": _floor_shift(task),
    }


def _progress(case: Case, split: Split) -> DoubleArray:
    """Returns the progress at each evaluation; diverged scores count as the least."""
    task = case.task
    if task is None:
        return np.empty(0)
    _, scores_n = case.telemetry.series(task.metric, Scope.split(split))
    return _progress_of(task, split, scores_n)


def _progress_of(task: TaskFacts, split: Split, scores_n: DoubleArray) -> DoubleArray:
    floor = math.nan if task.baseline is None else task.baseline.score_on(split)
    best = IDEAL[task.mode] if task.attainable is None else task.attainable
    gap = floor - best
    if not gap or math.isnan(gap):
        return np.empty(0)
    progress_n = np.nan_to_num((floor - scores_n) / gap, nan=LEAST, posinf=LEAST, neginf=LEAST)
    return np.clip(progress_n, LEAST, MOST)


def _progress_of_reference(task: TaskFacts | None, split: Split) -> float:
    if task is None or task.reference is None:
        return math.nan
    score = task.reference.score_on(split, task.metric)
    return first(_progress_of(task, split, np.array([] if score is None else [score])))


def _floor_shift(task: TaskFacts | None) -> float:
    """Largest |ln(floor on validation / floor on training)| over the baselines."""
    baselines = () if task is None else task.baselines
    ratios = [
        log_ratio(abs(one.score_on("validation")), abs(one.score_on("train"))) for one in baselines
    ]
    return largest(np.array(ratios))


def loss_signs(case: Case) -> Mapping[str, float]:
    """Returns ratios of the loss at several times, in nats."""
    curve_n = step_curve(case, "loss")
    tenth = max(1, curve_n.size // 10)
    start = middle(curve_n[:NUM_START])
    end, before = middle(curve_n[-tenth:]), middle(curve_n[-3 * tenth : -tenth])
    usual = middle(curve_n)
    return {
        "loss_end_over_start": log_ratio(end, start),
        "loss_max_over_start": log_ratio(largest(curve_n), start),
        "loss_early_max_over_start": log_ratio(largest(curve_n[:tenth]), first(curve_n)),
        "loss_late_change": log_ratio(end, before),
        "loss_tail": log_ratio(largest(curve_n[tenth:]), usual),
        "loss_least_over_end": log_ratio(least(_medians(curve_n)), end),
        "loss_rough": log_ratio(middle(np.abs(np.diff(curve_n[-3 * tenth :]))), end),
        "loss_over_score": _loss_over_score(case, end),
        "loss_above_start": share(curve_n[tenth:] > start),
    }


def _medians(curve_n: DoubleArray) -> DoubleArray:
    """The medians of twenty parts."""
    return np.array([np.median(part) for part in np.array_split(curve_n, 20) if part.size])


def _loss_over_score(case: Case, loss: float) -> float:
    """Returns ln of the loss while training / the same measure in an evaluation of the same data.

    Dropout raises the first only; nothing else makes them differ for long.
    """
    scores = [
        log_ratio(loss, last(probed(case, name, kinds=SPLITS, name="train")) * unit)
        for name, unit in LOSSES
    ]
    return next((score for score in scores if not math.isnan(score)), math.nan)
