"""Baselines of labelled sequences: the best constant of a regression, the shares of classes.

Shapes: N labels, V classes, Q outputs for each label.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.domain.scopes import Split
from app.domain.specs.loss.base import Loss
from app.domain.task import SCALED, Baseline
from app.domain.telemetry import DoubleArray
from worker.scoring.baselines import TrivialPredictor, lowest_first
from worker.scoring.numbers import NumberScale
from worker.scoring.truth import Truth


def label_baselines(
    learned: DoubleArray,
    wanted: Mapping[Split, DoubleArray],
    truths: Mapping[Split, Truth],
    *,
    num_classes: int,
    is_balanced: bool,
    loss: Loss,
) -> tuple[Baseline, ...]:
    """`learned` are the training labels; `wanted` are those that are scored. 0 classes: numbers."""
    if num_classes:
        found = _class_baselines(learned.astype(np.int64), wanted, truths, num_classes)
        return (*_balanced(wanted, truths, num_classes), *found) if is_balanced else found
    mean, std = np.array(learned.mean()), np.array(learned.std())
    level_Q = NumberScale(mean=mean, std=std, link=loss.link).best_constant(loss, learned)
    constant = TrivialPredictor(
        name=f"predict_{loss.statistic}",
        source=f"predict the {loss.statistic} of the training part",
        answers={split: np.tile(level_Q, (len(labels_N), 1)) for split, labels_N in wanted.items()},
    )
    return lowest_first([constant], truths, metrics=[f"{loss.metric}{SCALED}", loss.metric])


def _balanced(
    wanted: Mapping[Split, DoubleArray], truths: Mapping[Split, Truth], num_classes: int
) -> tuple[Baseline, ...]:
    """Equal probabilities: the best constant where all classes count alike."""
    uniform = TrivialPredictor(
        name="uniform_classes",
        source="predict all classes with the same probability, in nats",
        answers={
            split: np.tile([np.log(num_classes), 0.0], (len(labels_N), 1))
            for split, labels_N in wanted.items()
        },
    )
    return lowest_first([uniform], truths, metrics=["balanced_cross_entropy"])


def _class_baselines(
    learned: NDArray[np.int64],
    wanted: Mapping[Split, DoubleArray],
    truths: Mapping[Split, Truth],
    num_classes: int,
) -> tuple[Baseline, ...]:
    counts_V = np.bincount(learned, minlength=num_classes).astype(np.float64)
    smoothing = "" if counts_V.all() else " (add-one smoothed, because it lacks a class)"
    counts_V += 0.0 if counts_V.all() else 1.0
    surprise_V = -np.log(counts_V / counts_V.sum())
    answers = {
        split: np.stack(
            [surprise_V[labels_N.astype(np.int64)], np.full(len(labels_N), counts_V.argmax())],
            axis=1,
        )
        for split, labels_N in wanted.items()
    }
    shares = TrivialPredictor(
        name="class_frequencies",
        source=f"predict the classes' shares of the training part{smoothing}, in nats",
        answers=answers,
    )
    majority = TrivialPredictor(
        name="majority_class",
        source="predict the most frequent class of the training part",
        answers=answers,
    )
    return (
        *lowest_first([shares], truths, metrics=["cross_entropy"]),
        *lowest_first([majority], truths, metrics=["accuracy"]),
    )
