"""LSTM timestep in closed form over the state (h, c), whose halves are independent coordinates.

c' = f·c + i·g, h' = o·tanh(c'). A = ∂c'/∂h = diag(g i(1−i))W_i + diag(c f(1−f))W_f + diag(i(1−g²))W_g, κ = o(1−tanh²c'),
J = [[diag(tanh c' o(1−o))W_o + diag(κ)A, diag(κ f)], [A, diag(f)]]: 2H exponents, and ∂h'/∂h alone would be wrong.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.replay.states import DirectionStates, RecurrentWeights


@dataclass(frozen=True, kw_only=True)
class LstmLinearisation:
    states: DirectionStates
    gates: dict[str, Tensor]
    cell_PBH: Tensor
    #: ∂c'/∂ pre-activations (input, forget, cell), then ∂h'/∂ that of output.
    factors_PBG: Tensor
    #: κ, the slope of h' over c'.
    readout_slope_PBH: Tensor

    @property
    def state_size(self) -> int:
        return 2 * self.states.weights.hidden_size

    @property
    def weights(self) -> RecurrentWeights:
        return self.states.weights

    @property
    def states_PBS(self) -> Tensor:
        return torch.cat([self.states.hidden_PBH, self.cell_PBH], dim=-1)

    def backward(
        self, p: int, rows: Tensor | slice, adjoint_NS: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gradient at the gate pre-activations of timestep p, and at the state (h, c) before it."""
        hidden_NH, cell_NH = adjoint_NS.chunk(2, dim=-1)
        cell_NH = torch.addcmul(cell_NH, hidden_NH, self.readout_slope_PBH[p][rows])
        gates_NG = torch.cat([cell_NH, cell_NH, cell_NH, hidden_NH], dim=-1)
        gates_NG *= self.factors_PBG[p][rows]
        previous_NH = gates_NG @ self.weights.recurrent_GH
        kept_NH = cell_NH * self.gates["forget"][p][rows]
        return gates_NG, torch.cat([previous_NH, kept_NH], dim=-1)

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: that at the input side."""
        return gates_PBG


def linearise_lstm(states: DirectionStates) -> LstmLinearisation:
    weights = states.weights
    drive_PBG = states.x_PBI @ weights.input_GI.T
    drive_PBG += states.previous_PBH @ weights.recurrent_GH.T
    drive_PBG += weights.input_bias_G + weights.recurrent_bias_G
    drives = drive_PBG.chunk(4, dim=-1)
    input_PBH, forget_PBH, output_PBH = (torch.sigmoid(drives[k]) for k in (0, 1, 3))
    candidate_PBH = torch.tanh(drives[2])
    cell_PBH = _scan_cell(input_PBH * candidate_PBH, forget_PBH)
    before_PBH = torch.cat([torch.zeros_like(cell_PBH[:1]), cell_PBH[:-1]])
    factors = [
        candidate_PBH * input_PBH * torch.sigmoid(-drives[0]),
        before_PBH * forget_PBH * torch.sigmoid(-drives[1]),
        input_PBH / torch.cosh(drives[2]).square(),
        torch.tanh(cell_PBH) * output_PBH * torch.sigmoid(-drives[3]),
    ]
    return LstmLinearisation(
        states=states,
        gates={
            "input": input_PBH,
            "forget": forget_PBH,
            "cell": candidate_PBH,
            "output": output_PBH,
        },
        cell_PBH=cell_PBH,
        factors_PBG=torch.cat(factors, dim=-1),
        readout_slope_PBH=output_PBH / torch.cosh(cell_PBH).square(),
    )


def _scan_cell(written_PBH: Tensor, forget_PBH: Tensor) -> Tensor:
    cell_PBH = torch.empty_like(written_PBH)
    cell_BH = torch.zeros_like(written_PBH[0])
    for p in range(written_PBH.shape[0]):
        cell_BH = torch.addcmul(written_PBH[p], forget_PBH[p], cell_BH, out=cell_PBH[p])
    return cell_PBH
