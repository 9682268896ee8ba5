"""Handwritten digits, one pixel a timestep (the 1,797 images of 8 × 8 that come with scikit-learn).

Shapes: N images, T timesteps, B sequences.
"""

import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.domain.scopes import Split
from app.domain.seeding import numpy_generator
from app.domain.specs.dataset.base import SplitSpec
from app.domain.specs.dataset.digits import NUM_CLASSES, NUM_PIXELS, DigitsSpec
from app.domain.splits import bounds
from app.domain.task import Baseline, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import IntArray
from worker.datasets.context_gain import class_targets, estimate_lag
from worker.datasets.maker import TaskOfSpec
from worker.datasets.objectives import CrossEntropy
from worker.datasets.sampling import EVALUATION_SEQUENCES, StoredData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, NumberInput, Scaling, Usage

#: Pixels go from 0 to 16.
WHITE = 16.0
USAGE = Usage(
    input=NumberInput(columns=("pixel",), scalings=(Scaling(mean=(0.0,), std=(WHITE,)),)),
    output=ClassOutput(classes=tuple(map(str, range(NUM_CLASSES)))),
    meaning="the digit whose 64 pixels were read, row by row",
)


def build_digits(spec: DigitsSpec) -> Task:
    rows = np.loadtxt(_digits_file(), delimiter=",")
    pixels_NT = rows[:, :-1].astype(np.float32) / WHITE
    classes_N = rows[:, -1].astype(np.int64)
    order_N = numpy_generator(spec.seed, "split").permutation(len(classes_N)).astype(np.int32)
    train_end, validation_end, end = bounds(len(classes_N), SplitSpec(), what="images")

    def gather(index_B: IntArray) -> Batch:
        inputs_TBI = np.ascontiguousarray(pixels_NT[index_B].T)[:, :, None]
        return Batch(
            inputs_TBI=torch.from_numpy(inputs_TBI), targets=torch.from_numpy(classes_N[index_B])
        )

    train_N, validation_N = order_N[:train_end], order_N[train_end:validation_end]
    evaluation: dict[Split, Batch] = {
        "train": gather(train_N[:EVALUATION_SEQUENCES]),
        "validation": gather(validation_N),
        "test": gather(order_N[validation_end:end]),
    }
    lag = spec.declared_lag() or _estimated_lag(
        pixels_NT, classes_N.astype(np.int32), train_N, validation_N
    )
    return Task(
        facts=_facts(classes_N[train_N], evaluation, lag),
        objective=CrossEntropy(),
        data=StoredData(num_items=train_end, gather=lambda index_B: gather(train_N[index_B])),
        evaluation=evaluation,
        usage=USAGE,
    )


def _digits_file() -> Path:
    """Found without importing scikit-learn, which would add 2 s to the start of a worker."""
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(name="sklearn")
    folder = Path(package.submodule_search_locations[0])
    return folder / "datasets" / "data" / "digits.csv.gz"


def _estimated_lag(
    pixels_NT: NDArray[np.float32], classes_N: IntArray, train_N: IntArray, held_out_N: IntArray
) -> RequiredLag:
    """Estimated, because the first rows of the images are mostly black."""
    train, held_out = (
        (pixels_NT[index_N].T[:, :, None].astype(np.float64), targets_NH)
        for index_N, targets_NH in zip(
            (train_N, held_out_N),
            class_targets(classes_N[train_N], classes_N[held_out_N]),
            strict=True,
        )
    )
    return estimate_lag(train, held_out, length=NUM_PIXELS, is_overlapping=False)


def _facts(
    train_N: NDArray[np.int64], evaluation: Mapping[Split, Batch], lag: RequiredLag
) -> TaskFacts:
    majority = int(np.bincount(train_N, minlength=NUM_CLASSES).argmax())
    shares: dict[Split, float | None] = {
        split: float((batch.targets == majority).double().mean())
        for split, batch in evaluation.items()
    }
    uniform = Baseline.constant(
        name="uniform",
        metric="cross_entropy",
        value=math.log(NUM_CLASSES),
        source="ln 10 nats: ten digits, equally likely",
    )
    most_frequent = Baseline(
        name="majority_class",
        metric="accuracy",
        value=shares["validation"] or 0.0,
        scores=shares,
        source=f"always predict {majority}, the most frequent digit of the training part",
    )
    return TaskFacts(
        metric="cross_entropy",
        mode=MetricMode.MINIMISE,
        baselines=(uniform, most_frequent),
        required_lag=lag,
        length=NUM_PIXELS,
        input_size=1,
        output_size=NUM_CLASSES,
        many_to_one=True,
    )


DIGITS = TaskOfSpec(spec=DigitsSpec, make=build_digits)
