"""Measures how one timestep stretches the state, by the singular values of its Jacobian."""

import torch

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, Reading, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.probes.card import Look, ProbeCard, its_quantity
from worker.replay.jacobians import jacobian, spaced_timesteps
from worker.replay.preparation import is_finite, linearise_network

#: Jacobians of each layer and direction. Along a trajectory their singular values differ little.
NUM_SEQUENCES = 2
NUM_TIMESTEPS = 4
#: Coordinates of the state: a decomposition costs their cube.
MAX_STATE_SIZE = 512
QUANTITIES = ("jacobian_sigma_max", "jacobian_sigma_min", "jacobian_condition")
#: The name that asks for all three.
ALL = "jacobian_singular_values"


def measure_jacobian_singular_values(look: Look) -> tuple[ScalarReading | ProbeGap, ...]:
    """Measures the medians of `jacobian_sigma_max`, `_sigma_min` and `_condition` of each layer."""
    part = look.first(NUM_SEQUENCES)
    largest = look.model.readout.in_features * len(look.model.card.state)
    if largest > 4 * MAX_STATE_SIZE:
        # refused here, since the linearisation below takes long for such a size
        return _gaps(look, Scope.model(), _too_large(largest))
    stack = linearise_network(look.model, part)
    if not is_finite(stack):
        return _gaps(look, Scope.model(), "the states are not finite")
    shortest = int(part.valid_lengths().min())
    found: list[ScalarReading | ProbeGap] = []
    for level in stack:
        for cell in level:
            if cell.state_size > MAX_STATE_SIZE:
                found += _gaps(look, cell.states.scope, _too_large(cell.state_size))
            else:
                found += _of_cell(look, cell, shortest)
    return tuple(found)


def _of_cell(look: Look, cell: Linearisation, num_timesteps: int) -> list[ScalarReading]:
    num_sequences = cell.states.hidden_PBH.shape[1]
    values_JS = torch.stack(
        [
            torch.linalg.svdvals(jacobian(cell, p, sequence))
            for p in spaced_timesteps(num_timesteps, NUM_TIMESTEPS)
            for sequence in range(num_sequences)
        ]
    )
    largest_J, smallest_J = values_JS[:, 0], values_JS[:, -1]
    found = (largest_J, smallest_J, largest_J / smallest_J)
    return [
        look.reading(quantity, cell.states.scope, float(values_J.median()))
        for quantity, values_J in zip(QUANTITIES, found, strict=True)
    ]


def _too_large(state_size: int) -> str:
    return f"the state has {state_size} coordinates, more than {MAX_STATE_SIZE}"


def _gaps(look: Look, scope: Scope, reason: str) -> tuple[ProbeGap, ...]:
    return tuple(look.gap(quantity, scope, reason) for quantity in QUANTITIES)


def _names_of(reading: Reading) -> tuple[str, ...]:
    return (*its_quantity(reading), ALL)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="jacobian_sigma_max",
            unit="1",
            formula="largest singular value of one timestep's Jacobian of the whole state, median",
            reduction="median over 4 timesteps and 2 sequences",
            cost="8 singular value decompositions of S x S: S^3",
            source="Saxe et al. 2014",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="jacobian_sigma_min",
            unit="1",
            formula="smallest singular value of one timestep's Jacobian of the whole state, median",
            reduction="median over 4 timesteps and 2 sequences",
            cost="none: computed with jacobian_sigma_max",
            source="Saxe et al. 2014",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="jacobian_condition",
            unit="1",
            formula="largest / smallest singular value of one timestep's Jacobian, median",
            reduction="median over 4 timesteps and 2 sequences",
            cost="none: computed with jacobian_sigma_max",
            source="Saxe et al. 2014",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(ProbeName(name=name, tier="full") for name in (ALL, *QUANTITIES)),
    names_of=_names_of,
    measure=measure_jacobian_singular_values,
)
