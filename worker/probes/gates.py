"""How open the gates of a cell are, and how far they can still be moved."""

from torch import Tensor

from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from worker.replay.preparation import enough_sequences, linearise_network, valid_states
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: A sigmoid within this of 0 or 1 has less than a fifth of its largest slope left.
SATURATION_MARGIN = 0.05
NUM_SEQUENCES, NUM_TIMESTEPS = 32, 1600


def measure_gates(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """`gate_mean`, `saturated_fraction`, `mean_derivative` over units, timesteps, sequences.

    And the `time_constant` of the gates that keep the state: forget of LSTM, update of GRU.
    """
    if not model.card.gates:
        return ()
    count = enough_sequences(sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    part = sample.take(0, count, many_to_one=model.many_to_one)
    lengths_B = part.valid_lengths()
    readings: list[ScalarReading] = []
    for level in linearise_network(model, part):
        for cell in level:
            values = cell.gates()
            for gate in model.card.gates:
                scope = str(Scope.gate(cell.states.layer, gate.name, cell.states.direction))
                values_FH = valid_states(values[gate.name], lengths_B)
                readings += _of_gate(values_FH, scope, step, is_candidate=gate.activation == "tanh")
                if gate.keeps_state:
                    readings.append(_time_constant(values_FH, scope, step))
    return tuple(readings)


def _of_gate(
    values_FH: Tensor, scope: str, step: int, *, is_candidate: bool
) -> list[ScalarReading]:
    opening_FH = (1 + values_FH) / 2 if is_candidate else values_FH
    is_shut_FH = (opening_FH < SATURATION_MARGIN) | (opening_FH > 1 - SATURATION_MARGIN)
    slope_FH = 1 - values_FH.square() if is_candidate else values_FH * (1 - values_FH)
    found = {
        "gate_mean": values_FH.mean(),
        "saturated_fraction": is_shut_FH.double().mean(),
        "mean_derivative": slope_FH.mean(),
    }
    return [
        ScalarReading(step=step, quantity=quantity, scope=scope, value=float(value))
        for quantity, value in found.items()
    ]


def _time_constant(kept_FH: Tensor, scope: str, step: int) -> ScalarReading:
    """Timesteps in which a unit forgets all but 1/e: mean over units of −1 / ⟨ln gate⟩."""
    log_kept_H = kept_FH.log().mean(dim=0)
    value = float((-1 / log_kept_H).mean())
    return ScalarReading(step=step, quantity="time_constant", scope=scope, value=value)
