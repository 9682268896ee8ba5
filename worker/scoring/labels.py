"""Baselines of labelled sequences: the mean of a regression, the shares of classes.

Shapes: N labels, V classes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.domain.scopes import Split
from app.domain.task import SCALED, Baseline
from app.domain.telemetry import DoubleArray
from worker.scoring.baselines import TrivialPredictor, lowest_first
from worker.scoring.truth import Truth


def label_baselines(
    learned: DoubleArray,
    wanted: Mapping[Split, DoubleArray],
    truths: Mapping[Split, Truth],
    *,
    num_classes: int,
) -> tuple[Baseline, ...]:
    """`learned` are the training labels; `wanted` are those that are scored. 0 classes: numbers."""
    if num_classes:
        return _class_baselines(learned.astype(np.int64), wanted, truths, num_classes)
    mean = TrivialPredictor(
        name="predict_mean",
        source="predict the mean of the training part",
        answers={
            split: np.full((len(labels_N), 1), learned.mean()) for split, labels_N in wanted.items()
        },
    )
    return lowest_first([mean], truths, metrics=[f"mse{SCALED}", "mse"])


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
