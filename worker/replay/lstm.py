"""LSTM timestep in closed form over the state (h, c), whose halves are independent coordinates.

c' = f·c + i·g, h' = o·tanh(c'), κ = o(1−tanh²c'),
A = ∂c'/∂h = diag(g i(1−i))W_i + diag(c f(1−f))W_f + diag(i(1−g²))W_g,
J = [[diag(tanh c' o(1−o))W_o + diag(κ)A, diag(κ f)], [A, diag(f)]].
It has 2H exponents: ∂h'/∂h alone would be wrong.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.replay.states import DirectionStates, RecurrentWeights


@dataclass(frozen=True, kw_only=True)
class LstmLinearisation:
    states: DirectionStates
    cell_PBH: Tensor
    forget_PBH: Tensor
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
    def state_parts(self) -> tuple[Tensor, ...]:
        return self.states.hidden_PBH, self.cell_PBH

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the gate pre-activations of timestep p, and at the state (h, c) before it."""
        hidden_NH, cell_NH = adjoint_NS.chunk(2, dim=-1)
        cell_NH = torch.addcmul(cell_NH, hidden_NH, self.readout_slope_PBH[p][rows])
        gates_NG = torch.cat([cell_NH, cell_NH, cell_NH, hidden_NH], dim=-1)
        gates_NG *= self.factors_PBG[p][rows]
        previous_NH = gates_NG @ self.weights.recurrent_GH
        kept_NH = cell_NH * self.forget_PBH[p][rows]
        return gates_NG, torch.cat([previous_NH, kept_NH], dim=-1)

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state (h, c) after timestep p for a change of the one before it."""
        hidden_NH, cell_NH = tangent_NS.chunk(2, dim=-1)
        drive_NG = hidden_NH @ self.weights.recurrent_GH.T
        written_NH, kept_NH, new_NH, read_NH = (drive_NG * self.factors_PBG[p][rows]).chunk(4, -1)
        cell_NH = cell_NH * self.forget_PBH[p][rows] + written_NH + kept_NH + new_NH
        hidden_NH = read_NH + cell_NH * self.readout_slope_PBH[p][rows]
        return torch.cat([hidden_NH, cell_NH], dim=-1)

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: that at the input side."""
        return gates_PBG


def lstm_gates(states: DirectionStates) -> dict[str, Tensor]:
    """Gates by name, (P, B, H) each."""
    drives = _drive(states, slice(None)).chunk(4, dim=-1)
    return {
        "input": torch.sigmoid(drives[0]),
        "forget": torch.sigmoid(drives[1]),
        "cell": torch.tanh(drives[2]),
        "output": torch.sigmoid(drives[3]),
    }


def linearise_lstm(states: DirectionStates) -> LstmLinearisation:
    hidden_PBH = states.hidden_PBH
    result = LstmLinearisation(
        states=states,
        cell_PBH=torch.empty_like(hidden_PBH),
        forget_PBH=torch.empty_like(hidden_PBH),
        factors_PBG=hidden_PBH.new_empty(*hidden_PBH.shape[:2], 4 * hidden_PBH.shape[2]),
        readout_slope_PBH=torch.empty_like(hidden_PBH),
    )
    cell_BH = torch.zeros_like(hidden_PBH[0])
    for span in states.spans():
        cell_BH = _fill(result, span, cell_BH)
    return result


def _drive(states: DirectionStates, span: slice) -> Tensor:
    weights = states.weights
    drive_PBG = states.x_PBI[span] @ weights.input_GI.T
    drive_PBG += states.previous_PBH[span] @ weights.recurrent_GH.T
    drive_PBG += weights.input_bias_G + weights.recurrent_bias_G
    return drive_PBG


def _fill(result: LstmLinearisation, span: slice, cell_BH: Tensor) -> Tensor:
    """Writes the timesteps of one span; gives back the cell state at its end."""
    drive_PBG = _drive(result.states, span)
    i, f, g, o = (k * cell_BH.shape[1] for k in range(4))
    gates_PBG, closed_PBG = torch.sigmoid(drive_PBG), torch.sigmoid(-drive_PBG)
    slope_PBG = gates_PBG * closed_PBG
    candidate_PBH = torch.tanh(drive_PBG[..., g:o])
    input_PBH, forget_PBH, output_PBH = gates_PBG[..., :f], gates_PBG[..., f:g], gates_PBG[..., o:]
    cell_PBH = result.cell_PBH[span]
    written_PBH = candidate_PBH * input_PBH
    before = [cell_BH, *cell_PBH[:-1]]
    for p, before_BH in enumerate(before):
        torch.addcmul(written_PBH[p], forget_PBH[p], before_BH, out=cell_PBH[p])
    factors_PBG = result.factors_PBG[span]
    factors_PBG[..., i:f] = candidate_PBH * slope_PBG[..., i:f]
    factors_PBG[0, :, f:g] = cell_BH * slope_PBG[0, :, f:g]
    factors_PBG[1:, :, f:g] = cell_PBH[:-1] * slope_PBG[1:, :, f:g]
    factors_PBG[..., g:o] = input_PBH / torch.cosh(drive_PBG[..., g:o]).square_()
    factors_PBG[..., o:] = torch.tanh(cell_PBH) * slope_PBG[..., o:]
    result.forget_PBH[span] = forget_PBH
    result.readout_slope_PBH[span] = output_PBH / torch.cosh(cell_PBH).square_()
    return cell_PBH[-1]
