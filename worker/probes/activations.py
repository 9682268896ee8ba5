"""Whether units still respond: tanh units at their limits, relu units that never fire."""

from torch import Tensor

from app.domain.telemetry import ScalarReading
from worker.replay.preparation import linearise_network, valid_states
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: |tanh| within 5 % of its range: less than a fifth of the slope is left, as at a sigmoid's 0.05.
SATURATED_ABOVE = 0.9
SATURATED_SLOPE = 1 - SATURATED_ABOVE**2
NUM_SEQUENCES = 32


def measure_activations(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """`mean_derivative` of cells without gates, `saturated_fraction` or relu's dead and always on.

    A relu unit is dead when its pre-activation is positive at no valid timestep of any sequence,
    and always on, so linear, when it is at all of them. Gated cells have gates instead.
    """
    if model.card.gates or model.nonlinearity == "linear":
        return ()
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    lengths_B = part.valid_lengths()
    readings = []
    for level in linearise_network(model, part):
        for cell in level:
            slope_PBH = cell.unit_slope()
            if slope_PBH is None:
                continue
            slope_FH = valid_states(slope_PBH, lengths_B)
            found = _of_relu(slope_FH) if model.nonlinearity == "relu" else _of_tanh(slope_FH)
            scope = cell.states.scope
            readings += [
                ScalarReading(step=step, quantity=quantity, scope=scope, value=float(value))
                for quantity, value in found.items()
            ]
    return tuple(readings)


def _of_relu(slope_FH: Tensor) -> dict[str, Tensor]:
    """A relu's slope is 1 where it is open, else 0."""
    is_open_FH = slope_FH > 0
    return {
        "dead_fraction": (~is_open_FH).all(dim=0).double().mean(),
        "always_on_fraction": is_open_FH.all(dim=0).double().mean(),
        "mean_derivative": slope_FH.mean(),
    }


def _of_tanh(slope_FH: Tensor) -> dict[str, Tensor]:
    """A tanh's slope is 1 − tanh²."""
    return {
        "saturated_fraction": (slope_FH < SATURATED_SLOPE).double().mean(),
        "mean_derivative": slope_FH.mean(),
    }
