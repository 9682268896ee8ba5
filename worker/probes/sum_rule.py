"""Measures the sum of all Lyapunov exponents, the rate of growth of volumes, and its parts.

Σ λ_i = ⟨ln|det J_t|⟩. The determinant is a product of factors from recurrent matrix, activation and
gates. The residual is what they do not explain; only a GRU has one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, Reading, ScalarReading
from worker.cells.linearisation import Linearisation, VolumeFactors
from worker.probes.card import Look, ProbeCard
from worker.replay.jacobians import jacobian, settled_timesteps, spaced_timesteps
from worker.replay.preparation import is_finite, linearise_network

#: The same as for the whole spectrum of exponents.
NUM_SEQUENCES = 2
#: Units of a layer: a determinant costs their cube.
MAX_UNITS = 512
#: State coordinates cubed times Jacobians: a few hundredths of a second of one core.
MAX_WORK = 2**25
MIN_TIMESTEPS, MAX_TIMESTEPS = 2, 32
NAME = "sum_rule"
TOTAL, RESIDUAL = "sum_rule.total", "sum_rule.residual"
RECURRENT, ACTIVATION, GATES = "sum_rule.recurrent", "sum_rule.activation", "sum_rule.gates"
QUANTITIES = (TOTAL, RECURRENT, ACTIVATION, GATES, RESIDUAL)
#: Quantity -> the factor of the determinant, which not every cell has.
OPTIONAL: Mapping[str, Literal["recurrent", "activation", "gates"]] = {
    RECURRENT: "recurrent",
    ACTIVATION: "activation",
    GATES: "gates",
}
NO_FACTOR = "the determinant of this cell has no such factor"
VANISHES = "a timestep takes some direction to exactly 0: its log determinant is minus infinity"
Found = ScalarReading | ProbeGap


def measure_sum_rule(look: Look) -> tuple[Found, ...]:
    """Measures `sum_rule.total` and its parts for each layer, in nats per hidden unit and timestep.

    Over the same timesteps as the exponents.
    """
    size = look.model.readout.in_features
    if size > 4 * MAX_UNITS:
        # refused here, since the linearisation below takes long for such a size
        return _gaps(look, Scope.model(), _too_large(size))
    part = look.first(NUM_SEQUENCES)
    stack = linearise_network(look.model, part)
    if not is_finite(stack):
        return _gaps(look, Scope.model(), "the states are not finite")
    shortest = int(part.valid_lengths().min())
    counted = settled_timesteps(shortest)
    return tuple(
        one for level in stack for cell in level for one in _of_cell(look, cell, counted=counted)
    )


def _of_cell(look: Look, cell: Linearisation, *, counted: range) -> Iterator[Found]:
    scope, num_units = cell.states.scope, cell.weights.hidden_size
    if num_units > MAX_UNITS:
        yield from _gaps(look, scope, _too_large(num_units))
        return
    factors = cell.volume_factors()
    timesteps = counted if factors.is_complete else _affordable(cell, counted)
    parts, gates = sum_rule_parts(factors, timesteps, num_units=num_units)
    known = sum(parts.values())
    total = known if factors.is_complete else _mean_log_det(cell, timesteps)
    if total == -torch.inf:
        yield from _gaps(look, scope, VANISHES)
        return
    yield look.reading(TOTAL, scope, total)
    for quantity, part in OPTIONAL.items():
        if quantity in parts:
            yield look.reading(quantity, scope, parts[quantity])
        else:
            yield look.gap(quantity, scope, factors.absent.get(part, NO_FACTOR))
    for name, value in gates.items():
        gate = Scope.gate(cell.states.layer, name, cell.states.direction)
        yield look.reading(GATES, gate, value)
    yield look.reading(RESIDUAL, scope, total - known)


def sum_rule_parts(
    factors: VolumeFactors, timesteps: Sequence[int], *, num_units: int
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The parts by quantity, and those of single gates; in nats per hidden unit and timestep."""
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


def _affordable(cell: Linearisation, counted: range) -> Sequence[int]:
    """All timesteps, or evenly spaced ones where all their determinants would cost too much."""
    work = cell.states.hidden_PBH.shape[1] * cell.state_size**3
    most = min(max(MIN_TIMESTEPS, MAX_WORK // work), MAX_TIMESTEPS)
    if len(counted) <= most:
        return counted
    return [counted[place] for place in spaced_timesteps(len(counted), most)]


def _too_large(num_units: int) -> str:
    return f"a layer has {num_units} units, more than {MAX_UNITS}"


def _gaps(look: Look, scope: Scope, reason: str) -> tuple[ProbeGap, ...]:
    return tuple(look.gap(quantity, scope, reason) for quantity in QUANTITIES)


def _names_of(_: Reading) -> tuple[str, ...]:
    return (NAME,)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=TOTAL,
            unit="nats / unit / timestep",
            formula="mean ln |det J|, the sum of all Lyapunov exponents; negative = volumes shrink",
            reduction=(
                "mean over timesteps past a transient and 2 sequences; divided by hidden units"
            ),
            cost="one determinant of H x H; of S x S at up to 32 timesteps for gru",
            source="Engelken et al. 2023",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=RECURRENT,
            unit="nats / unit / timestep",
            formula="ln |det W| of elman's recurrent matrix, of the output gate's for lstm",
            reduction="divided by hidden units",
            cost="none: computed with sum_rule.total",
            source="Engelken et al. 2023",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=ACTIVATION,
            unit="nats / unit / timestep",
            formula="mean ln of the activation's slope (elman), of |tanh c'| (lstm); 0 = linear",
            reduction="mean over units, timesteps and 2 sequences",
            cost="none: computed with sum_rule.total",
            source="Engelken et al. 2023",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=GATES,
            unit="nats / unit / timestep",
            formula="mean ln f + mean ln o(1-o) of lstm, mean ln z of gru; gate by gate too",
            reduction="mean over units, timesteps and 2 sequences; summed over gates for a layer",
            cost="none: computed with sum_rule.total",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=RESIDUAL,
            unit="nats / unit / timestep",
            formula="total less its parts: the coupling in a gru; 0 for elman and lstm",
            reduction="difference of means",
            cost="none: computed with sum_rule.total",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=(ProbeName(name=NAME, tier="standard"),),
    names_of=_names_of,
    measure=measure_sum_rule,
)
