"""Whether units still respond: tanh units at their limits, relu units that never fire."""

import torch

from app.domain.telemetry import ScalarReading
from worker.replay.elman import elman_drive
from worker.replay.preparation import valid_states
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import DirectionStates, run_network

#: |tanh| above this leaves less than a tenth of the slope.
SATURATED_ABOVE = 0.95
NUM_SEQUENCES = 32


def measure_activations(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """`saturated_fraction` of an Elman layer's tanh, or `dead_fraction` of its relu units.

    A unit is dead when its pre-activation is positive at no valid timestep of any sequence. Gated
    cells have gates instead.
    """
    if model.kind != "elman" or model.activation == "linear":
        return ()
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    lengths_B = part.valid_lengths()
    readings = []
    for level in run_network(model.layers, part.x_TBI, part.lengths_B):
        for states in level:
            quantity, value = _of_direction(states, lengths_B, is_relu=model.activation == "relu")
            readings.append(
                ScalarReading(step=step, quantity=quantity, scope=states.scope, value=value)
            )
    return tuple(readings)


def _of_direction(
    states: DirectionStates, lengths_B: torch.Tensor, *, is_relu: bool
) -> tuple[str, float]:
    drive_FH = valid_states(elman_drive(states, slice(None)), lengths_B)
    if is_relu:
        is_dead_H = (drive_FH <= 0).all(dim=0)
        return "dead_fraction", float(is_dead_H.double().mean())
    is_saturated_FH = torch.tanh(drive_FH).abs() > SATURATED_ABOVE
    return "saturated_fraction", float(is_saturated_FH.double().mean())
