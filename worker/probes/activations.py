"""Whether units still respond: tanh units at their limits, relu units that never fire."""

import torch
from torch import Tensor

from app.domain.telemetry import ScalarReading
from worker.replay.elman import elman_drive
from worker.replay.preparation import valid_states
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import run_network

#: |tanh| within 5 % of its range: less than a fifth of the slope is left, as at a sigmoid's 0.05.
SATURATED_ABOVE = 0.9
NUM_SEQUENCES = 32


def measure_activations(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """An Elman layer's `mean_derivative`, and `saturated_fraction` or relu's dead and always on.

    A relu unit is dead when its pre-activation is positive at no valid timestep of any sequence,
    and always on, so linear, when it is at all of them. Gated cells have gates instead.
    """
    if model.kind != "elman" or model.activation == "linear":
        return ()
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    lengths_B = part.valid_lengths()
    readings = []
    for level in run_network(model.layers, part.x_TBI, part.lengths_B):
        for states in level:
            drive_FH = valid_states(elman_drive(states, slice(None)), lengths_B)
            found = _of_relu(drive_FH) if model.activation == "relu" else _of_tanh(drive_FH)
            readings += [
                ScalarReading(step=step, quantity=quantity, scope=states.scope, value=float(value))
                for quantity, value in found.items()
            ]
    return tuple(readings)


def _of_relu(drive_FH: Tensor) -> dict[str, Tensor]:
    is_open_FH = drive_FH > 0
    return {
        "dead_fraction": (~is_open_FH).all(dim=0).double().mean(),
        "always_on_fraction": is_open_FH.all(dim=0).double().mean(),
        "mean_derivative": is_open_FH.double().mean(),
    }


def _of_tanh(drive_FH: Tensor) -> dict[str, Tensor]:
    is_saturated_FH = torch.tanh(drive_FH).abs() > SATURATED_ABOVE
    return {
        "saturated_fraction": is_saturated_FH.double().mean(),
        "mean_derivative": torch.cosh(drive_FH).square().reciprocal().mean(),
    }
