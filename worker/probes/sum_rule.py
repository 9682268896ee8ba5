"""What grows or shrinks the volume of the state: the sum of all Lyapunov exponents, taken apart.

Σ λ_i = ⟨ln|det J_t|⟩, and the determinant has factors of its own: recurrent matrix, activation and
gates. What they leave of it, in a GRU alone, is the residual.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch

from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.linearisation import Linearisation, VolumeFactors
from worker.replay.jacobians import TRANSIENT_FRACTION, jacobian, spaced_timesteps
from worker.replay.preparation import is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Those whose whole spectrum of exponents is measured where it is asked for.
NUM_SEQUENCES = 2
#: A factorisation takes the cube of this.
MAX_UNITS = 512
#: Units cubed times Jacobians: a few hundredths of a second of one core.
MAX_WORK = 2**25
MIN_TIMESTEPS, MAX_TIMESTEPS = 2, 32
TOTAL, RESIDUAL = "sum_rule.total", "sum_rule.residual"
RECURRENT, ACTIVATION, GATES = "sum_rule.recurrent", "sum_rule.activation", "sum_rule.gates"
QUANTITIES = (TOTAL, RECURRENT, ACTIVATION, GATES, RESIDUAL)
#: What is left out where the determinant has no such factor.
OPTIONAL: Mapping[str, Literal["recurrent", "activation", "gates"]] = {
    RECURRENT: "recurrent",
    ACTIVATION: "activation",
    GATES: "gates",
}
NO_FACTOR = "the determinant of this cell has no such factor"
VANISHES = "a timestep takes some direction to exactly 0: its log determinant is minus infinity"
Found = ScalarReading | ProbeGap


def measure_sum_rule(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[Found, ...]:
    """`sum_rule.total` and its parts, nats per hidden unit and timestep, of each recurrence.

    Over the timesteps that exponents are measured over.
    """
    if model.readout.in_features > 4 * MAX_UNITS:
        # before the trajectory is factored out, which for such a size takes long by itself
        return _gaps("model", step, _too_large(model.readout.in_features))
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    stack = linearise_network(model, part)
    if not is_finite(stack):
        return _gaps("model", step, "the states are not finite")
    shortest = int(part.valid_lengths().min())
    counted = shortest - int(TRANSIENT_FRACTION * shortest)
    return tuple(
        one for level in stack for cell in level for one in _of_cell(cell, step, counted=counted)
    )


def _of_cell(cell: Linearisation, step: int, *, counted: int) -> Iterator[Found]:
    scope, num_units = cell.states.scope, cell.weights.hidden_size
    if num_units > MAX_UNITS:
        yield from _gaps(scope, step, _too_large(num_units))
        return
    factors = cell.volume_factors()
    timesteps = range(counted) if factors.is_complete else _affordable(cell, counted)
    parts, gates = sum_rule_parts(factors, timesteps, num_units=num_units)
    known = sum(parts.values())
    total = known if factors.is_complete else _mean_log_det(cell, timesteps)
    if total == -torch.inf:
        yield from _gaps(scope, step, VANISHES)
        return
    yield _reading(TOTAL, scope, step, total)
    for quantity, part in OPTIONAL.items():
        if quantity in parts:
            yield _reading(quantity, scope, step, parts[quantity])
        else:
            yield _gap(quantity, scope, step, factors.absent.get(part, NO_FACTOR))
    for name, value in gates.items():
        gate = Scope.gate(cell.states.layer, name, cell.states.direction)
        yield _reading(GATES, str(gate), step, value)
    yield _reading(RESIDUAL, scope, step, total - known)


def sum_rule_parts(
    factors: VolumeFactors, timesteps: Sequence[int], *, num_units: int
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """By quantity, and the gates' one by one; nats per hidden unit and timestep."""
    chosen = list(timesteps)
    gates = {name: float(log_PBH[chosen].mean()) for name, log_PBH in factors.gates.items()}
    parts = {GATES: sum(gates.values())} if gates else {}
    if factors.recurrent is not None:
        parts[RECURRENT] = factors.recurrent / num_units
    if factors.activation_PBH is not None:
        parts[ACTIVATION] = float(factors.activation_PBH[chosen].mean())
    return parts, gates


def _mean_log_det(cell: Linearisation, timesteps: Sequence[int]) -> float:
    num_sequences = cell.states.hidden_PBH.shape[1]
    # one by one: from 256 rows on, two threads of MKL 2024.2 factor a batch of them wrongly
    log_dets = [
        torch.linalg.slogdet(jacobian(cell, p, sequence)).logabsdet
        for p in timesteps
        for sequence in range(num_sequences)
    ]
    return float(torch.stack(log_dets).mean()) / cell.weights.hidden_size


def _affordable(cell: Linearisation, counted: int) -> Sequence[int]:
    """All of them, or evenly spaced ones where each takes a factorisation."""
    work = cell.states.hidden_PBH.shape[1] * cell.state_size**3
    most = min(max(MIN_TIMESTEPS, MAX_WORK // work), MAX_TIMESTEPS)
    return range(counted) if counted <= most else spaced_timesteps(counted, most)


def _too_large(num_units: int) -> str:
    return f"a layer has {num_units} units, more than {MAX_UNITS}"


def _reading(quantity: str, scope: str, step: int, value: float) -> ScalarReading:
    return ScalarReading(step=step, quantity=quantity, scope=scope, value=value)


def _gap(quantity: str, scope: str, step: int, reason: str) -> ProbeGap:
    return ProbeGap(step=step, quantity=quantity, scope=scope, reason=reason)


def _gaps(scope: str, step: int, reason: str) -> tuple[ProbeGap, ...]:
    return tuple(_gap(quantity, scope, step, reason) for quantity in QUANTITIES)
