"""One direction of one layer, linearised along a trajectory: what the replay needs of any cell.

Shapes: P timesteps in the order in which a direction reads them, B sequences, N anchors, H hidden
units, G rows of the weights (a multiple of H), S state coordinates (H, or 2H where a cell carries
two states).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

import torch
from torch import Tensor

from worker.cells.states import DirectionStates, RecurrentWeights


@dataclass(frozen=True, kw_only=True)
class VolumeFactors:
    """How one timestep scales the volume of the state: logarithms that add up to ln|det J|.

    The factors are exact where a factorisation of J itself would lose them: 1e-26 of a shut gate
    is nothing beside the other rows of J.
    """

    #: ln|det| of the recurrent matrix; None if it is no factor.
    recurrent: float | None
    #: (P, B, H) of the activation's slope, or of what the activation lets through.
    activation_PBH: Tensor | None
    #: By name of the gate, (P, B, H).
    gates: Mapping[str, Tensor]
    #: False where the determinant has a remainder that is none of these.
    is_complete: bool = True
    #: Why a part that is missing above is no factor.
    absent: Mapping[Literal["recurrent", "activation", "gates"], str] = field(default_factory=dict)


class Linearisation(Protocol):
    """The timesteps' Jacobians of one direction of one layer, for a whole trajectory."""

    @property
    def states(self) -> DirectionStates: ...

    @property
    def weights(self) -> RecurrentWeights: ...

    @property
    def state_size(self) -> int:
        """S, the number of state coordinates."""

    @property
    def state_parts(self) -> tuple[Tensor, ...]:
        """(P, B, H) each of the states that the cell carries, in the order of its card."""

    def first(self, count: int) -> Self:
        """The linearisation of the first `count` sequences."""

    def unit_slope(self) -> Tensor | None:
        """(P, B, H) slope of the non-linearity of a cell without gates; None for the others."""

    def gates(self) -> dict[str, Tensor]:
        """(P, B, H) each by name; a gate that keeps the state keeps it where it is 1."""

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient (N, G) at the input side of timestep p, and (N, S) at the state before it."""

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state after timestep p for a change of the state before it."""

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh, from the one at W_ih x + b_ih."""

    def volume_factors(self) -> VolumeFactors: ...


def log_abs_det(matrix: Tensor) -> float:
    """ln|det| of a matrix, −inf where it is singular."""
    return float(torch.linalg.slogdet(matrix).logabsdet)
