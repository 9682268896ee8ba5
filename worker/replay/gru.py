"""GRU timestep as torch computes it, in closed form.

h' = (1−z)n + zh, n = tanh(W_n x + b_in + r·u), u = U_n h + b_hn; torch's z keeps, the papers' z
replaces. J = diag(z) + diag((h−n)z(1−z))U_z + diag((1−z)(1−n²))[diag(r)U_n + diag(u r(1−r))U_r].
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
    def state_parts(self) -> tuple[Tensor, ...]:
        return (self.states.hidden_PBH,)

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the input side's pre-activations of timestep p and at the state before."""
        repeated_NG = adjoint_NS.repeat(1, 3)
        recurrent_NG = repeated_NG * self.recurrent_factors_PBG[p][rows]
        kept_NS = adjoint_NS * self.update_PBH[p][rows]
        previous_NS = torch.addmm(kept_NS, recurrent_NG, self.weights.recurrent_GH)
        return repeated_NG.mul_(self.factors_PBG[p][rows]), previous_NS

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state after timestep p for a change of the state before it."""
        drive_NG = tangent_NS @ self.weights.recurrent_GH.T
        reset_NS, update_NS, new_NS = (drive_NG * self.recurrent_factors_PBG[p][rows]).chunk(3, 1)
        return tangent_NS * self.update_PBH[p][rows] + reset_NS + update_NS + new_NS

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: the rows of `new` are multiplied by the reset gate."""
        reset_PBG, update_PBG, new_PBG = gates_PBG.chunk(3, dim=-1)
        return torch.cat([reset_PBG, update_PBG, new_PBG * self.reset_PBH], dim=-1)


def gru_gates(states: DirectionStates) -> dict[str, Tensor]:
    """Gates by name, (P, B, H) each; an update gate of 1 keeps the state."""
    from_input, from_state = _drives(states, slice(None))
    reset_PBH = torch.sigmoid(from_input[0] + from_state[0])
    return {
        "reset": reset_PBH,
        "update": torch.sigmoid(from_input[1] + from_state[1]),
        "new": torch.tanh(from_input[2] + reset_PBH * from_state[2]),
    }


def linearise_gru(states: DirectionStates) -> GruLinearisation:
    hidden_PBH = states.hidden_PBH
    like_PBG = hidden_PBH.new_empty(*hidden_PBH.shape[:2], 3 * hidden_PBH.shape[2])
    result = GruLinearisation(
        states=states,
        reset_PBH=torch.empty_like(hidden_PBH),
        update_PBH=torch.empty_like(hidden_PBH),
        factors_PBG=like_PBG,
        recurrent_factors_PBG=torch.empty_like(like_PBG),
    )
    for span in states.spans():
        _fill(result, span)
    return result


def _drives(states: DirectionStates, span: slice) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Both sides' pre-activations (reset, update, new)."""
    weights = states.weights
    from_input_PBG = states.x_PBI[span] @ weights.input_GI.T + weights.input_bias_G
    from_state_PBG = states.previous_PBH[span] @ weights.recurrent_GH.T + weights.recurrent_bias_G
    return from_input_PBG.chunk(3, dim=-1), from_state_PBG.chunk(3, dim=-1)


def _fill(result: GruLinearisation, span: slice) -> None:
    from_input, from_state = _drives(result.states, span)
    reset_PBH = torch.sigmoid(from_input[0] + from_state[0])
    update_drive_PBH = from_input[1] + from_state[1]
    update_PBH, replaced_PBH = torch.sigmoid(update_drive_PBH), torch.sigmoid(-update_drive_PBH)
    new_drive_PBH = from_input[2] + reset_PBH * from_state[2]
    away_PBH = result.states.previous_PBH[span] - torch.tanh(new_drive_PBH)
    by_new_PBH = replaced_PBH / torch.cosh(new_drive_PBH).square_()
    recurrent_by_new_PBH = by_new_PBH * reset_PBH
    by_reset_PBH = recurrent_by_new_PBH * from_state[2] * (1 - reset_PBH)
    by_update_PBH = away_PBH * update_PBH * replaced_PBH
    result.reset_PBH[span] = reset_PBH
    result.update_PBH[span] = update_PBH
    torch.cat([by_reset_PBH, by_update_PBH, by_new_PBH], dim=-1, out=result.factors_PBG[span])
    torch.cat(
        [by_reset_PBH, by_update_PBH, recurrent_by_new_PBH],
        dim=-1,
        out=result.recurrent_factors_PBG[span],
    )
