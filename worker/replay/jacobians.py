"""Jacobians of single timesteps as matrices, from the closed forms of the cells."""

import torch
from torch import Tensor

from worker.cells.linearisation import Linearisation

#: Share of the timesteps, from the start, in which states leave the initial state and directions
#: align; they are not averaged.
TRANSIENT_FRACTION = 0.2


def settled_timesteps(num_timesteps: int) -> range:
    """The timesteps past the transient."""
    return range(int(TRANSIENT_FRACTION * num_timesteps), num_timesteps)


def jacobian(cell: Linearisation, p: int, sequence: int) -> Tensor:
    """∂s_p / ∂s_(p−1) of one sequence, (S, S): the whole state, (h, c) for an LSTM."""
    size = cell.state_size
    device = cell.states.hidden_PBH.device
    rows_N = torch.full((size,), sequence, device=device)
    _, back_NS = cell.backward(p, rows_N, torch.eye(size, dtype=torch.float64, device=device))
    return back_NS


def spaced_timesteps(num_timesteps: int, count: int) -> tuple[int, ...]:
    """Evenly spaced timesteps with the last and without the first, which has no state before it."""
    spaced = {(num_timesteps - 1) * k // count for k in range(1, count + 1)}
    return tuple(sorted(p for p in spaced if p > 0)) or (0,)
