"""Checks the replay: compares its parameter gradients with those of autograd."""

import copy
from dataclasses import replace

from app.domain.quantities.probe import Check
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.parameter_gradients import (
    Gradients,
    autograd_pass,
    relative_error,
    replayed_pass,
)
from worker.replay.preparation import enough_sequences
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: More of either would check the same code again.
NUM_SEQUENCES, NUM_TIMESTEPS = 8, 400
QUANTITY = "checksum_error"


def measure_checksum(look: Look) -> tuple[ScalarReading, ...]:
    """Measures `checksum_error`, about 1e-6 for a float32 network and 1e-15 for a float64 one.

    Both passes are done in float64 where float32 cannot hold the gradient.
    """
    count = enough_sequences(look.sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    model, part = look.model, look.first(count)
    autograd = autograd_pass(model, part)
    if not _is_finite(autograd.gradients):
        model, part = _in_double(model, part)
        autograd = autograd_pass(model, part)
    replayed = replayed_pass(model, part, autograd.entering_TBD)
    error = relative_error(replayed, autograd.gradients)
    return (look.reading(QUANTITY, Scope.model(), error),)


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


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=QUANTITY,
            unit="1",
            formula="relative difference of parameter gradients by replay and by autograd",
            reduction="L2 over all recurrent tensors, 8 sequences",
            cost="one forward and backward pass by autograd and one by replay",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    check=Check(
        quantity=QUANTITY,
        name="parameter_gradient_checksum",
        limits={"float32": 1e-5, "float64": 1e-10},
    ),
    measure=measure_checksum,
)
