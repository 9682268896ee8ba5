"""How much one timestep stretches and squeezes the state: singular values of its Jacobian."""

import torch

from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.replay.jacobians import jacobian, spaced_timesteps
from worker.replay.preparation import is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Jacobians a layer and direction: their singular values differ little along a trajectory.
NUM_SEQUENCES = 2
NUM_TIMESTEPS = 4
#: A factorisation takes the cube of this.
MAX_STATE_SIZE = 512
QUANTITIES = ("jacobian_sigma_max", "jacobian_sigma_min", "jacobian_condition")


def measure_jacobian_singular_values(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading | ProbeGap, ...]:
    """Medians of `jacobian_sigma_max`, `_sigma_min` and `_condition` of each layer's recurrence."""
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    size = model.readout.in_features
    largest = size * len(model.card.state)
    if largest > 4 * MAX_STATE_SIZE:
        # before the trajectory is factored out, which for such a size takes long by itself
        return _gaps(step, "model", _too_large(largest))
    stack = linearise_network(model, part)
    if not is_finite(stack):
        return _gaps(step, "model", "the states are not finite")
    shortest = int(part.valid_lengths().min())
    found: list[ScalarReading | ProbeGap] = []
    for level in stack:
        for cell in level:
            if cell.state_size > MAX_STATE_SIZE:
                found += _gaps(step, cell.states.scope, _too_large(cell.state_size))
            else:
                found += _of_cell(cell, shortest, step)
    return tuple(found)


def _of_cell(cell: Linearisation, num_timesteps: int, step: int) -> list[ScalarReading]:
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
        ScalarReading(
            step=step,
            quantity=quantity,
            scope=cell.states.scope,
            value=float(values_J.median()),
        )
        for quantity, values_J in zip(QUANTITIES, found, strict=True)
    ]


def _too_large(state_size: int) -> str:
    return f"the state has {state_size} coordinates, more than {MAX_STATE_SIZE}"


def _gaps(step: int, scope: str, reason: str) -> tuple[ProbeGap, ...]:
    return tuple(
        ProbeGap(step=step, quantity=quantity, scope=scope, reason=reason)
        for quantity in QUANTITIES
    )
