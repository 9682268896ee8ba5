"""Measures how open the gates of a cell are, and how much they still respond."""

from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import enough_sequences, linearise_network, valid_states

#: A sigmoid within this of 0 or 1 has less than a fifth of its largest slope left.
SATURATION_MARGIN = 0.05
NUM_SEQUENCES, NUM_TIMESTEPS = 32, 1600


def measure_gates(look: Look) -> tuple[ScalarReading, ...]:
    """Measures `gate_mean`, `saturated_fraction` and `mean_derivative` of each gate.

    Also `time_constant` of the gates that keep the state: forget of LSTM, update of GRU.
    """
    if not look.model.card.gates:
        return ()
    count = enough_sequences(look.sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    part = look.first(count)
    lengths_B = part.valid_lengths()
    readings: list[ScalarReading] = []
    for level in linearise_network(look.model, part):
        for cell in level:
            values = cell.gates()
            for gate in look.model.card.gates:
                scope = Scope.gate(cell.states.layer, gate.name, cell.states.direction)
                values_FH = valid_states(values[gate.name], lengths_B)
                found = _of_gate(values_FH, is_candidate=gate.activation == "tanh")
                if gate.keeps_state:
                    found["time_constant"] = _time_constant(values_FH)
                readings += [
                    look.reading(quantity, scope, float(value)) for quantity, value in found.items()
                ]
    return tuple(readings)


def _of_gate(values_FH: Tensor, *, is_candidate: bool) -> dict[str, Tensor]:
    opening_FH = (1 + values_FH) / 2 if is_candidate else values_FH
    is_shut_FH = (opening_FH < SATURATION_MARGIN) | (opening_FH > 1 - SATURATION_MARGIN)
    slope_FH = 1 - values_FH.square() if is_candidate else values_FH * (1 - values_FH)
    return {
        "gate_mean": values_FH.mean(),
        "saturated_fraction": is_shut_FH.double().mean(),
        "mean_derivative": slope_FH.mean(),
    }


def _time_constant(kept_FH: Tensor) -> Tensor:
    """Timesteps in which a unit forgets all but 1/e: mean over units of −1 / ⟨ln gate⟩."""
    log_kept_H = kept_FH.log().mean(dim=0)
    return (-1 / log_kept_H).mean()


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="gate_mean",
            unit="1",
            formula="mean of a gate over units, valid timesteps and sequences",
            reduction="mean over units, valid timesteps and 32 sequences",
            cost="the gates of 32 sequences, one product",
            source="Hochreiter & Schmidhuber 1997",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="time_constant",
            unit="timesteps",
            formula="mean over units of -1 / mean ln gate, of forget (lstm) or update (gru)",
            reduction="log-mean over valid timesteps and 32 sequences, then mean over units",
            cost="none: computed with gate_mean",
            source="Tallec & Ollivier 2018",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="mean_derivative",
            unit="1",
            formula="mean slope of a gate's activation; near 0 = it cannot be moved",
            reduction="mean over units, valid timesteps and 32 sequences",
            cost="none: computed with gate_mean",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="saturated_fraction",
            unit="1",
            formula="share of gate or tanh values within 5 % of their limits",
            reduction="mean over units, valid timesteps and 32 sequences",
            cost="none: computed with gate_mean",
            source="SageMaker Debugger, SaturatedActivation",
            cadence=Cadence.PROBE,
        ),
    ),
    names=(
        ProbeName(name="gate_mean", tier="economy", needs="gates"),
        ProbeName(
            name="saturated_fraction",
            tier="economy",
            needs="gates or tanh units",
        ),
        ProbeName(
            name="mean_derivative",
            tier="economy",
            needs="gates or non-linear units",
        ),
        ProbeName(
            name="time_constant",
            tier="economy",
            needs="gates that keep the state",
        ),
    ),
    measure=measure_gates,
)
