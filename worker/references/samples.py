"""The training and validation rows that reference models are fitted to and chosen by.

Shapes: T timesteps, B sequences, n rows (one for each target), K features.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.datasets.objectives import NumberError
from worker.datasets.task import EVALUATION_BATCH, Batch, Task
from worker.references.card import MAX_FEATURES, Features
from worker.references.positions import last_of

#: Numbers of inputs that are held at a time: 64 MB in float32.
MAX_NUMBERS = 16 * 2**20
#: Training sequences, validation sequences, and rows of either that are used at most.
MAX_SEQUENCES = 50_000
MIN_SEQUENCES = 64
MAX_CHOOSING_SEQUENCES = 1024
MAX_ROWS = 50_000
#: Validation rows that penalties and models are compared on; the same rows for all.
MAX_ROWS_COMPARED = 10_000
#: Rows times features², and rows times features times outputs where the loss is minimised step by
#: step: they bound the time of a fit.
MAX_PRODUCTS = 2 * 10**9
MAX_OUTPUT_PRODUCTS = 15 * 10**5
#: At least so many rows are used, however wide they are.
MIN_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Features and targets, a row for each target."""

    features_nK: Tensor
    targets: Tensor
    #: (n, I) inputs of the timestep of each target.
    last_nI: Tensor


def training_batch(task: Task) -> Batch:
    """Returns training sequences in random order, none twice where all count alike."""
    length, width = task.facts.length, task.facts.input_size
    affordable = max(MIN_SEQUENCES, MAX_NUMBERS // (width * length))
    size = min(task.data.num_items or affordable, MAX_SEQUENCES, affordable)
    return task.data.batch(0, batch_size=size, seed=0)


def choosing_batch(task: Task) -> Batch | None:
    """Returns validation sequences; None without a validation part."""
    batch = task.evaluation.get("validation")
    if batch is None:
        return None
    most = max(MIN_SEQUENCES, MAX_NUMBERS // (task.facts.length * task.facts.input_size))
    size = min(MAX_CHOOSING_SEQUENCES, most, batch.num_sequences)
    return batch.take(0, size, many_to_one=task.facts.many_to_one)


def rows_of(task: Task, batch: Batch, features: Features, *, is_fitted: bool) -> Rows:
    """Returns the rows of the targets that count.

    There are no more than a fit can afford, or than models are compared on. What is left out is
    left out at random.
    """
    many_to_one = task.facts.many_to_one
    at_once = sequences_at_once(task.facts.length)
    most: int | None = None
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    num_rows = 0
    for first in range(0, batch.num_sequences, at_once):
        part = batch.take(first, first + at_once, many_to_one=many_to_one)
        rows = _rows(part, features(part), many_to_one=many_to_one)
        if most is None:
            most = _max_rows(rows[0].shape[1], task) if is_fitted else MAX_ROWS_COMPARED
        found.append(rows)
        num_rows += len(rows[0])
        if many_to_one and num_rows >= most:
            break
    features_nK, targets, last_nI = (torch.cat(parts) for parts in zip(*found, strict=True))
    if most is not None and num_rows > most:
        chosen = torch.randperm(num_rows, generator=torch.Generator().manual_seed(0))[:most]
        features_nK, targets, last_nI = features_nK[chosen], targets[chosen], last_nI[chosen]
    return Rows(features_nK=features_nK, targets=targets, last_nI=last_nI)


def sequences_at_once(length: int) -> int:
    """Returns how many sequences of this length have features that fit into memory."""
    return max(1, min(EVALUATION_BATCH, MAX_NUMBERS // (length * MAX_FEATURES)))


def _max_rows(num_features: int, task: Task) -> int:
    affordable = MAX_PRODUCTS // num_features**2
    if not has_closed_form(task):
        products = num_features * task.facts.output_size
        affordable = min(affordable, MAX_OUTPUT_PRODUCTS // products)
    return min(MAX_ROWS, max(MIN_ROWS, affordable))


def has_closed_form(task: Task) -> bool:
    """Returns whether the linear model with the least loss has a closed form."""
    return isinstance(task.objective, NumberError) and task.objective.is_least_squares


def _rows(batch: Batch, features: Tensor, *, many_to_one: bool) -> tuple[Tensor, Tensor, Tensor]:
    if many_to_one:
        return features, batch.targets, last_of(batch.inputs_TBI, batch)
    parts = (features, batch.targets, batch.inputs_TBI)
    if batch.counted_TB is None:
        features, targets, inputs = (part.flatten(0, 1) for part in parts)
    else:
        is_counted_TB = batch.counted_TB.bool()
        features, targets, inputs = (part[is_counted_TB] for part in parts)
    return features, targets, inputs
