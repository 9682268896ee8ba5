"""Estimates what a run will cost from its job spec, by closed formulas.

Parameters are exact, for `text` an upper bound. Memory counts weights and their copies, gradients,
optimizer state and the activations kept for the backward pass. Seconds are for one core of an
ordinary CPU and accurate to a factor of about three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.errors import Problem
from app.domain.specs.job import JobSpec
from app.domain.specs.model import ModelSpec
from app.domain.task import TaskShape
from app.domain.telemetry import FLUSH_EVERY_S, FLUSH_EVERY_STEPS

#: More memory than any worker has; a spec that needs more is refused when it is submitted.
MAX_MEMORY_BYTES = 2**40
#: The longest training that is accepted. The estimate is accurate to a factor of three.
MAX_SECONDS = 366 * 86_400.0

#: Code of the problems of a spec that is too large.
TOO_LARGE = "run_too_large"

#: Bytes of one number, by the precision of training.
NUM_BYTES: Mapping[str, int] = MappingProxyType({"float32": 4, "float64": 8})
#: Floating-point operations per second of one core, for matrices of this size.
_FLOPS = 7e10
#: The products of one step: forward, gradient by the input, gradient by the weights.
_PASSES = 3


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The estimated cost of a run."""

    parameters: int
    memory_bytes: int
    seconds: float
    #: Rows of telemetry: one for each flush of the recorder, at least one for each evaluation.
    rows: int


def estimate(spec: JobSpec, shape: TaskShape) -> Estimate:
    seconds = spec.training.num_steps * step_seconds(spec, shape)
    if spec.training.time_limit_s is not None:
        seconds = min(seconds, spec.training.time_limit_s)
    parameters = num_parameters(spec.model, shape)
    num_flushes = max(seconds / FLUSH_EVERY_S, spec.training.num_steps / FLUSH_EVERY_STEPS)
    return Estimate(
        parameters=parameters,
        memory_bytes=_memory_bytes(spec, shape, parameters=parameters),
        seconds=seconds,
        rows=1 + int(min(num_flushes, spec.training.num_steps)) + _num_evaluations(spec),
    )


def problems_of_size(cost: Estimate) -> list[Problem]:
    """Returns one problem each for too much memory and too much time, with the numbers."""
    problems = []
    if cost.memory_bytes > MAX_MEMORY_BYTES:
        detail = f"training would need {cost.memory_bytes} bytes of memory for "
        detail += f"{cost.parameters} parameters; the most is {MAX_MEMORY_BYTES}"
        problems.append(Problem(pointer="/model/hidden_size", detail=detail, code=TOO_LARGE))
    if cost.seconds > MAX_SECONDS:
        detail = f"training would take about {cost.seconds:.3g} s; the most is {MAX_SECONDS:.3g}"
        problems.append(Problem(pointer="/training/num_steps", detail=detail, code=TOO_LARGE))
    return problems


def num_parameters(model: ModelSpec, shape: TaskShape) -> int:
    """Returns the exact number of parameters of the layers and the linear read-out."""
    hidden = model.hidden_size
    directions = 2 if model.bidirectional else 1
    total = 0
    for layer in range(model.num_layers):
        inputs = shape.input_size if layer == 0 else hidden * directions
        total += directions * model.card.num_parameters(input_size=inputs, hidden_size=hidden)
    return total + shape.output_size * (hidden * directions + 1)


def _memory_bytes(spec: JobSpec, shape: TaskShape, *, parameters: int) -> int:
    model = spec.model
    directions = 2 if model.bidirectional else 1
    units = model.num_layers * directions * model.hidden_size * (model.card.values_kept + 1)
    outputs = shape.output_size * (1 if shape.many_to_one else shape.length)
    kept = shape.length * (shape.input_size + units) + outputs
    # weights, best weights, gradients and last change
    weights = parameters * (4 + spec.optimizer.in_torch.num_moments)
    return NUM_BYTES[spec.training.precision] * (weights + spec.training.batch_size * kept)


def step_seconds(spec: JobSpec, shape: TaskShape) -> float:
    """Returns the seconds of one update: arithmetic of both passes and overhead per timestep."""
    model = spec.model
    directions = 2 if model.bidirectional else 1
    recurrent = num_parameters(model, shape)
    operations = 2 * _PASSES * spec.training.batch_size * recurrent
    overhead = model.card.overhead_s * model.num_layers * directions
    return shape.length * (overhead + operations / _FLOPS)


def _num_evaluations(spec: JobSpec) -> int:
    return 2 + spec.training.num_steps // spec.training.evaluate_every
