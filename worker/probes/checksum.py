"""Checks the replay: compares its parameter gradients with those of autograd.

In float64 they differ by rounding alone, so that the comparison decides whether a profile is
trusted. In the precision of training they differ by what that rounds: much in a saturated network,
whose slopes 1 − h² are differences of nearly equal numbers. There it is a reading.
"""

import copy
import math
from dataclasses import replace

import torch

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
EXACT, TRAINED = "exact_checksum_error", "checksum_error"
#: A gradient below this share of what enters the top layer is compared with that share of it: in a
#: network of which every unit is saturated, the slopes of autograd are rounding.
SMALLEST_SHARE = 1e-6


def measure_checksum(look: Look) -> tuple[ScalarReading, ...]:
    """Measures `exact_checksum_error`, 1e-15 to 1e-7, and `checksum_error`, about 1e-6 in float32.

    NaN where a precision cannot hold the gradient.
    """
    count = enough_sequences(look.sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    model, part = look.model, look.first(count)
    trained = _error(model, part)
    is_double = model.readout.weight.dtype == torch.float64
    exact = trained if is_double else _error(*_in_double(model, part))
    return (
        look.reading(EXACT, Scope.model(), exact),
        look.reading(TRAINED, Scope.model(), trained),
    )


def _error(model: ReplayableNetwork, sample: ProbeSample) -> float:
    autograd = autograd_pass(model, sample)
    if not _is_finite(autograd.gradients):
        return math.nan
    replayed = replayed_pass(model, sample, autograd.entering_TBD)
    smallest = SMALLEST_SHARE * float(autograd.entering_TBD.double().norm())
    return relative_error(replayed, autograd.gradients, smallest=smallest)


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
            name=EXACT,
            unit="1",
            formula="relative difference of gradients by replay and by autograd, all in float64",
            reduction="L2 over all recurrent tensors, 8 sequences",
            cost="a forward and backward pass by autograd and one by replay, in float64",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=TRAINED,
            unit="1",
            formula="the same with the states and gradients that training computes",
            reduction="L2 over all recurrent tensors, 8 sequences",
            cost="one forward and backward pass by autograd and one by replay",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    checks=(
        Check(
            quantity=EXACT,
            name="parameter_gradient_checksum",
            # Rounding reached 1e-7 in one of 450 saturated networks, with weights 300 times their
            # usual size; a replay with a wrong factor in one gate differs by more than 1e-3.
            limits={"float32": 1e-6, "float64": 1e-6},
        ),
        Check(
            quantity=TRAINED,
            name="parameter_gradient_checksum",
            limits={"float32": 1e-5, "float64": 1e-10},
            superseded_by=EXACT,
        ),
    ),
    measure=measure_checksum,
)
