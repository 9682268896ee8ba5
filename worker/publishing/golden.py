"""golden.json: a few inputs in the units of the data, their targets, and the network's outputs.

Outputs are computed by the network that was trained, in float64, so that they do not depend on
which kernels a machine has.
Shapes: T timesteps, B sequences, I inputs, O outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.job import JobSpec
from app.domain.telemetry import DoubleArray
from worker.datasets.task import Batch, Task
from worker.datasets.usage import (
    NUM_EXAMPLES,
    NumberInput,
    NumberOutput,
    Scaling,
    SymbolInput,
    Usage,
)
from worker.models.network import build_model
from worker.publishing.example_targets import targets_of_batch, targets_of_forecasts
from worker.publishing.forecast_example import ForecastExample, forecast_example
from worker.training.checkpoint import copy_weights_

#: Longest example; longer sequences are cut.
MAX_TIMESTEPS = 512
#: Most numbers of one example's inputs or outputs.
MAX_NUMBERS = 16_384
#: Most multiplications of one example: about 0.1 s of one core.
MAX_PRODUCTS = 200_000_000
#: Largest relative error of an output: rounding of float64, enlarged by a chaotic network.
TOLERANCE = 1e-9
#: Largest relative error of the mean that is added to an output.
MEAN_TOLERANCE = 1e-14


@dataclass(frozen=True, kw_only=True)
class _Examples:
    """Inputs of the network, and what they are in the units of the data."""

    x_TBI: Tensor
    lengths_B: Tensor
    inputs: list[dict[str, JsonValue]]
    #: One for each input of a forecast.
    forecasts: tuple[ForecastExample, ...] = ()


def make_golden(
    spec: JobSpec, task: Task, weights: Mapping[str, Mapping[str, Tensor]]
) -> dict[str, JsonValue]:
    """The document; `weights` are by file. Files whose outputs are not finite are left out."""
    num_weights = sum(weight.numel() for weight in next(iter(weights.values())).values())
    timesteps = num_timesteps(task, num_weights)
    if isinstance(spec.dataset, ForecastSpec):
        examples = _of_forecast(spec.dataset, task.usage, timesteps=timesteps)
    else:
        examples = _of_batch(task, timesteps=timesteps)
    outputs: dict[str, JsonValue] = {}
    for name, tensors in weights.items():
        logits = _logits(spec, task, tensors, examples)
        if all(bool(torch.isfinite(logits_TO).all()) for logits_TO in logits):
            outputs[name] = _answers(task.usage, examples, logits)
    targets = (
        targets_of_forecasts(task, examples.forecasts)
        if examples.forecasts
        else targets_of_batch(task, timesteps=timesteps)
    )
    return {
        "inputs": [dict(example) for example in examples.inputs],
        "targets": targets,
        "outputs": outputs,
    }


def _of_forecast(spec: ForecastSpec, usage: Usage, *, timesteps: int) -> _Examples:
    forecasts = tuple(
        forecast_example(
            spec, original, _scaling_of(usage.input, original.series), timesteps=timesteps
        )
        for original in usage.originals
    )
    inputs_TBI = np.stack([one.inputs_TF for one in forecasts], axis=1)
    return _Examples(
        x_TBI=torch.from_numpy(inputs_TBI.astype(np.float32)).double(),
        lengths_B=torch.full((len(forecasts),), len(inputs_TBI)),
        inputs=[one.original.as_json() for one in forecasts],
        forecasts=forecasts,
    )


def _of_batch(task: Task, *, timesteps: int) -> _Examples:
    batch = task.evaluation["train"].take(0, NUM_EXAMPLES, many_to_one=task.facts.many_to_one)
    batch = batch.to(torch.device("cpu"), torch.float64)
    x_TBI = batch.inputs_TBI[:timesteps]
    lengths_B = _lengths(batch).clamp(max=x_TBI.shape[0])
    inputs = _inputs(task.usage, x_TBI, lengths_B.tolist())
    return _Examples(x_TBI=x_TBI, lengths_B=lengths_B, inputs=inputs)


def _logits(
    spec: JobSpec, task: Task, weights: Mapping[str, Tensor], examples: _Examples
) -> list[Tensor]:
    """Outputs (T, O) of each sequence, (1, O) for many-to-one."""
    model = build_model(spec.model, task.facts).double()
    named = {name: weight.detach().cpu() for name, weight in weights.items()}
    copy_weights_(dict(model.named_tensors()), named)
    with torch.no_grad():
        outputs = model(examples.x_TBI, examples.lengths_B)
    if task.facts.many_to_one:
        return [outputs_O[None] for outputs_O in outputs]
    lengths = examples.lengths_B.tolist()
    return [outputs[:length, place] for place, length in enumerate(lengths)]


def num_timesteps(task: Task, num_weights: int) -> int:
    """Timesteps of the examples: as many as the bounds above allow, at least two."""
    reading = task.usage.input
    width = len(reading.columns) if isinstance(reading, NumberInput) else 1
    widest = width if task.facts.many_to_one else max(width, task.facts.output_size)
    return min(MAX_TIMESTEPS, max(2, MAX_NUMBERS // widest), max(2, MAX_PRODUCTS // num_weights))


def _lengths(batch: Batch) -> Tensor:
    if batch.lengths_B is not None:
        return batch.lengths_B
    return torch.full((batch.num_sequences,), batch.inputs_TBI.shape[0])


def _inputs(usage: Usage, x_TBI: Tensor, lengths: Sequence[int]) -> list[dict[str, JsonValue]]:
    if usage.originals:
        return [
            replace(original, timesteps=original.timesteps[:n]).as_json()
            for original, n in zip(usage.originals, lengths, strict=True)
        ]
    return [
        {"series": None, "timesteps": _as_in_data(usage.input, x_TBI[:length, place])}
        for place, length in enumerate(lengths)
    ]


def _as_in_data(reading: NumberInput | SymbolInput, x_TI: Tensor) -> list[JsonValue]:
    if isinstance(reading, SymbolInput):
        return [reading.symbols[code] for code in x_TI.argmax(dim=-1).tolist()]
    # exact: there is no mean to add, and the divisor is a power of two
    rows: list[JsonValue] = (x_TI * torch.tensor(reading.scalings[0].std)).tolist()
    return rows


def _answers(usage: Usage, examples: _Examples, logits: Sequence[Tensor]) -> list[JsonValue]:
    """Rows in the units of the data, or probabilities, and their largest absolute error."""
    if examples.forecasts:
        return [
            _of_outputs(one, logits_TO[0].numpy())
            for one, logits_TO in zip(examples.forecasts, logits, strict=True)
        ]
    return [
        _answer(usage, logits_TO, example["series"])
        for logits_TO, example in zip(logits, examples.inputs, strict=True)
    ]


def _of_outputs(example: ForecastExample, outputs_K: DoubleArray) -> dict[str, JsonValue]:
    rows: list[JsonValue] = [example.answer(outputs_K).tolist()]
    return {"rows": rows, "tolerance": example.tolerance(outputs_K, relative=TOLERANCE)}


def _answer(usage: Usage, logits_TO: Tensor, series: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(usage.output, NumberOutput):
        return {"rows": torch.softmax(logits_TO, dim=-1).tolist(), "tolerance": TOLERANCE}
    scaling = _scaling_of(usage.output, series)
    std, mean = scaling.std[0], scaling.mean[0]
    if usage.output.link == "exp":
        rate_TO = logits_TO.exp() * mean
        # an error of the logarithm is a relative error of the rate
        size = max(1.0, float(logits_TO.abs().max()))
        tolerance = TOLERANCE * size * float(rate_TO.abs().max())
        return {"rows": rate_TO.tolist(), "tolerance": tolerance}
    largest = max(1.0, float(logits_TO.abs().max()))
    return {
        "rows": (logits_TO * std + mean).tolist(),
        "tolerance": TOLERANCE * std * largest + MEAN_TOLERANCE * abs(mean),
    }


def _scaling_of(part: NumberInput | NumberOutput | SymbolInput, series: JsonValue) -> Scaling:
    scalings = () if isinstance(part, SymbolInput) else part.scalings
    return next(each for each in scalings if each.series in {series, None})
