"""Measures saturated tanh units, and relu units that are never or always positive."""

from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.telemetry import ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import linearise_network, valid_states

#: |tanh| within 5 % of its range: less than a fifth of the slope is left, as at a sigmoid's 0.05.
SATURATED_ABOVE = 0.9
SATURATED_SLOPE = 1 - SATURATED_ABOVE**2
NUM_SEQUENCES = 32


def measure_activations(look: Look) -> tuple[ScalarReading, ...]:
    """Measures cells without gates: `mean_derivative`, and by non-linearity one of two sets.

    For tanh: `saturated_fraction`. For relu: `dead_fraction`, of the units whose pre-activation is
    positive at no valid timestep of any sequence, and `always_on_fraction`, of those that are
    positive at all of them and so act linearly.
    """
    model = look.model
    if model.card.gates or model.nonlinearity == "linear":
        return ()
    part = look.first(NUM_SEQUENCES)
    lengths_B = part.valid_lengths()
    readings = []
    for level in linearise_network(model, part):
        for cell in level:
            slope_PBH = cell.unit_slope()
            if slope_PBH is None:
                continue
            slope_FH = valid_states(slope_PBH, lengths_B)
            found = _of_relu(slope_FH) if model.nonlinearity == "relu" else _of_tanh(slope_FH)
            readings += [
                look.reading(quantity, cell.states.scope, float(value))
                for quantity, value in found.items()
            ]
    return tuple(readings)


def _of_relu(slope_FH: Tensor) -> dict[str, Tensor]:
    """From slopes: 1 where the pre-activation is positive, else 0."""
    is_open_FH = slope_FH > 0
    return {
        "dead_fraction": (~is_open_FH).all(dim=0).double().mean(),
        "always_on_fraction": is_open_FH.all(dim=0).double().mean(),
        "mean_derivative": slope_FH.mean(),
    }


def _of_tanh(slope_FH: Tensor) -> dict[str, Tensor]:
    """From slopes: 1 − tanh²."""
    return {
        "saturated_fraction": (slope_FH < SATURATED_SLOPE).double().mean(),
        "mean_derivative": slope_FH.mean(),
    }


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="dead_fraction",
            unit="1",
            formula="share of relu units that are positive at no timestep of any sequence",
            reduction="mean over units",
            cost="the pre-activations of 32 sequences, one product",
            source="AutoTrainer, dying ReLU",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="always_on_fraction",
            unit="1",
            formula="share of relu units that are positive at every timestep of every sequence",
            reduction="mean over units",
            cost="none: computed with dead_fraction",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=(
        ProbeName(name="dead_fraction", tier="economy", needs="relu units"),
        ProbeName(name="always_on_fraction", tier="economy", needs="relu units"),
    ),
    other_names=("saturated_fraction", "mean_derivative"),
    measure=measure_activations,
)
