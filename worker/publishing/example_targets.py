"""The targets of the published examples, so that predictions can be looked at beside them.

Shapes: T timesteps, B sequences, O outputs, H times ahead.
"""

import math
from collections.abc import Sequence

import numpy as np
from pydantic import JsonValue
from torch import Tensor

from app.domain.telemetry import DoubleArray
from worker.datasets.task import Batch, Task
from worker.datasets.usage import NUM_EXAMPLES, ClassOutput, NumberOutput
from worker.publishing.forecast_example import ForecastExample

#: Largest difference of two inputs that are the same window, rounded to float32.
SAME_INPUT = 1e-4


def targets_of_batch(task: Task, *, timesteps: int) -> list[JsonValue]:
    """Returns a list of rows for each of the first sequences, in the units of the data.

    A row is null where a timestep has no loss term, and a sequence is null where its targets have
    no such units or belong to timesteps that are cut off.
    """
    many_to_one = task.facts.many_to_one
    batch = task.evaluation["train"].take(0, NUM_EXAMPLES, many_to_one=many_to_one)
    lengths = (
        [batch.inputs_TBI.shape[0]] * batch.num_sequences
        if batch.lengths_B is None
        else batch.lengths_B.tolist()
    )
    return [
        None if many_to_one and length > timesteps else _rows(task, batch, place, length, timesteps)
        for place, length in enumerate(lengths)
    ]


def targets_of_forecasts(task: Task, examples: Sequence[ForecastExample]) -> list[JsonValue]:
    """Returns one row of H values for each window that is evaluated; null for others.

    A value that the data lack is null.
    """
    return [_of_window(task.evaluation["train"], example) for example in examples]


def _rows(task: Task, batch: Batch, place: int, length: int, timesteps: int) -> JsonValue:
    output = task.usage.output
    if isinstance(output, NumberOutput) and output.link != "identity":
        return None
    if task.facts.many_to_one:
        return [_row(output, batch.targets[place])]
    kept = min(length, timesteps)
    counted_TB = batch.counted_TB
    return [
        _row(output, batch.targets[t, place])
        if counted_TB is None or bool(counted_TB[t, place])
        else None
        for t in range(kept)
    ]


def _row(output: NumberOutput | ClassOutput, target: Tensor) -> list[JsonValue]:
    if isinstance(output, ClassOutput):
        return [output.classes[int(target)]]
    scaling = output.scalings[0]
    values_O = target.double().reshape(-1) * scaling.std[0] + scaling.mean[0]
    return _known(values_O.tolist())


def _known(values: Sequence[float]) -> list[JsonValue]:
    """Null for a value that the data lack."""
    return [None if math.isnan(value) else value for value in values]


def _of_window(batch: Batch, example: ForecastExample) -> JsonValue:
    inputs_TF = example.inputs_TF
    if example.outputs.is_rate or batch.inputs_TBI.shape[0] != len(inputs_TF):
        return None
    found_TBF: DoubleArray = batch.inputs_TBI.double().cpu().numpy()
    is_same_B = np.abs(found_TBF - inputs_TF[:, None]).max(axis=(0, 2)) < SAME_INPUT
    if not is_same_B.any():
        return None
    targets_H: DoubleArray = batch.targets[int(is_same_B.argmax())].double().cpu().numpy()
    return [_known(example.answer(targets_H.reshape(-1)).tolist())]
