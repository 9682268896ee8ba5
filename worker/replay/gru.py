"""GRU timestep as torch computes it: h' = (1−z)n + zh, n = tanh(W_n x + b_in + r·u), u = U_n h + b_hn.

J = diag(z) + diag((h−n)z(1−z))U_z + diag((1−z)(1−n²))[diag(r)U_n + diag(u r(1−r))U_r]; torch's z keeps, the papers' z replaces.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.replay.states import DirectionStates, RecurrentWeights


@dataclass(frozen=True, kw_only=True)
class GruLinearisation:
    states: DirectionStates
    reset_PBH: Tensor
    update_PBH: Tensor
    new_PBH: Tensor
    #: ∂h'/∂ gate pre-activations (reset, update, new) on the input side.
    factors_PBG: Tensor
    #: The same on the recurrent side, where the third carries the reset gate.
    recurrent_factors_PBG: Tensor

    @property
    def state_size(self) -> int:
        return self.states.weights.hidden_size

    @property
    def weights(self) -> RecurrentWeights:
        return self.states.weights

    @property
    def gates(self) -> dict[str, Tensor]:
        return {"reset": self.reset_PBH, "update": self.update_PBH, "new": self.new_PBH}

    @property
    def states_PBS(self) -> Tensor:
        return self.states.hidden_PBH

    def backward(
        self, p: int, rows: Tensor | slice, adjoint_NS: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gradient at the input side's gate pre-activations of timestep p, and at the state before it."""
        repeated_NG = adjoint_NS.repeat(1, 3)
        recurrent_NG = repeated_NG * self.recurrent_factors_PBG[p][rows]
        kept_NS = adjoint_NS * self.update_PBH[p][rows]
        previous_NS = torch.addmm(kept_NS, recurrent_NG, self.weights.recurrent_GH)
        return repeated_NG * self.factors_PBG[p][rows], previous_NS

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: the rows of `new` are multiplied by the reset gate."""
        reset_PBG, update_PBG, new_PBG = gates_PBG.chunk(3, dim=-1)
        return torch.cat([reset_PBG, update_PBG, new_PBG * self.reset_PBH], dim=-1)


def linearise_gru(states: DirectionStates) -> GruLinearisation:
    weights, previous_PBH = states.weights, states.previous_PBH
    from_input = (states.x_PBI @ weights.input_GI.T + weights.input_bias_G).chunk(3, dim=-1)
    from_state = (previous_PBH @ weights.recurrent_GH.T + weights.recurrent_bias_G).chunk(3, dim=-1)
    reset_PBH = torch.sigmoid(from_input[0] + from_state[0])
    update_drive_PBH = from_input[1] + from_state[1]
    update_PBH, replaced_PBH = torch.sigmoid(update_drive_PBH), torch.sigmoid(-update_drive_PBH)
    new_drive_PBH = from_input[2] + reset_PBH * from_state[2]
    new_PBH = torch.tanh(new_drive_PBH)
    by_new_PBH = replaced_PBH / torch.cosh(new_drive_PBH).square()
    by_update_PBH = (previous_PBH - new_PBH) * update_PBH * replaced_PBH
    by_reset_PBH = by_new_PBH * from_state[2] * reset_PBH * (1 - reset_PBH)
    return GruLinearisation(
        states=states,
        reset_PBH=reset_PBH,
        update_PBH=update_PBH,
        new_PBH=new_PBH,
        factors_PBG=torch.cat([by_reset_PBH, by_update_PBH, by_new_PBH], dim=-1),
        recurrent_factors_PBG=torch.cat(
            [by_reset_PBH, by_update_PBH, by_new_PBH * reset_PBH], dim=-1
        ),
    )
