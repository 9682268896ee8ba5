"""Whether the replay can be believed: parameter gradients rebuilt from it against autograd's."""

import copy
from dataclasses import replace

from app.domain.telemetry import ScalarReading
from worker.replay.parameter_gradients import (
    Gradients,
    autograd_pass,
    relative_error,
    replayed_pass,
)
from worker.replay.preparation import enough_sequences
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Both passes run over the same sequences; more of them would check the same code again.
NUM_SEQUENCES, NUM_TIMESTEPS = 8, 400


def measure_checksum(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """`checksum_error`: about 1e-6 for a float32 network, 1e-15 for a float64 one.

    Where float32 cannot hold the gradient, both passes are done in float64.
    """
    count = enough_sequences(sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    part = sample.take(0, count, many_to_one=model.many_to_one)
    autograd = autograd_pass(model, part)
    if not _is_finite(autograd.gradients):
        model, part = _in_double(model, part)
        autograd = autograd_pass(model, part)
    replayed = replayed_pass(model, part, autograd.entering_TBD)
    error = relative_error(replayed, autograd.gradients)
    return (ScalarReading(step=step, quantity="checksum_error", scope="model", value=error),)


def _is_finite(gradients: Gradients) -> bool:
    return all(bool(gradient.isfinite().all()) for gradient in gradients.values())


def _in_double(
    model: ReplayableNetwork, sample: ProbeSample
) -> tuple[ReplayableNetwork, ProbeSample]:
    exact = copy.deepcopy(model)
    exact.layers.double()
    exact.readout.double()
    is_real = sample.targets.is_floating_point()
    targets = sample.targets.double() if is_real else sample.targets
    return exact, replace(sample, x_TBI=sample.x_TBI.double(), targets=targets)
