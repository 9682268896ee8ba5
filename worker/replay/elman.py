"""Elman timestep h' = φ(W_ih x + b_ih + W_hh h + b_hh) in closed form: J = diag(φ') W_hh."""

from dataclasses import dataclass, replace
from typing import Literal, Self, assert_never

import torch
from torch import Tensor

from worker.replay.slopes import tanh_slope
from worker.replay.states import DirectionStates, RecurrentWeights


@dataclass(frozen=True, kw_only=True)
class ElmanLinearisation:
    states: DirectionStates
    #: φ' at the pre-activation: its own exact value, not 1 − h², which is lost where h rounds to 1.
    slope_PBH: Tensor

    @property
    def state_size(self) -> int:
        return self.states.weights.hidden_size

    @property
    def weights(self) -> RecurrentWeights:
        return self.states.weights

    @property
    def state_parts(self) -> tuple[Tensor, ...]:
        return (self.states.hidden_PBH,)

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the pre-activations of timestep p, and at the state before it."""
        gates_NG = adjoint_NS * self.slope_PBH[p, rows]
        return gates_NG, gates_NG @ self.weights.recurrent_GH

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state after timestep p for a change of the state before it."""
        return (tangent_NS @ self.weights.recurrent_GH.T) * self.slope_PBH[p, rows]

    def first(self, count: int) -> Self:
        """That of the first sequences."""
        return replace(
            self,
            states=self.states.first(count),
            slope_PBH=self.slope_PBH[:, :count],
        )

    def gates(self) -> dict[str, Tensor]:
        """None: the cell's one matrix has no gate name."""
        return {}

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: that at the input side."""
        return gates_PBG


def linearise_elman(
    states: DirectionStates, activation: Literal["tanh", "relu", "linear"]
) -> ElmanLinearisation:
    slope_PBH = torch.empty_like(states.hidden_PBH)
    for span in states.spans():
        drive_PBH = states.weights.drive(states.x_PBI[span], states.previous_PBH[span])
        slope_PBH[span] = _slope(drive_PBH, activation)
    return ElmanLinearisation(states=states, slope_PBH=slope_PBH)


def _slope(drive_PBH: Tensor, activation: Literal["tanh", "relu", "linear"]) -> Tensor:
    match activation:
        case "tanh":
            return tanh_slope(drive_PBH)
        case "relu":
            return (drive_PBH > 0).double()
        case "linear":
            return torch.ones_like(drive_PBH)
        case _:
            assert_never(activation)
