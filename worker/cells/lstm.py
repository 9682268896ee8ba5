"""LSTM timestep in closed form over the state (h, c), whose halves are independent coordinates.

c' = f·c + i·g, h' = o·tanh(c'), κ = o(1−tanh²c'),
A = ∂c'/∂h = diag(g i(1−i))W_i + diag(c f(1−f))W_f + diag(i(1−g²))W_g,
J = [[diag(tanh c' o(1−o))W_o + diag(κ)A, diag(κ f)], [A, diag(f)]].
It has 2H exponents; ∂h'/∂h alone has others.

Shapes: P timesteps in the order in which a direction reads them, B sequences, N anchors, I inputs,
H hidden units, G = 4H, S = 2H.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from app.domain.specs.model.lstm import LstmSpec
from worker.cells.kernels import kernel_arguments
from worker.cells.layer import CellLayers, Layer, State
from worker.cells.linearisation import VolumeFactors, log_abs_det
from worker.cells.slopes import tanh_slope
from worker.cells.states import DirectionStates, RecurrentWeights


class LstmLayer(nn.LSTM, Layer):
    """The module of torch."""

    card: ClassVar = LstmSpec.card

    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        out_PBH, h_1BH, c_1BH = torch.lstm(x_PBI, list(state), *kernel_arguments(self, suffix))
        return out_PBH, (h_1BH, c_1BH)

    def linearise(self, states: DirectionStates) -> "LstmLinearisation":
        return linearise_lstm(states)


@dataclass(frozen=True, kw_only=True)
class LstmLinearisation:
    states: DirectionStates
    cell_PBH: Tensor
    #: Activations, in torch's order: input, forget, cell, output.
    gates_PBG: Tensor
    #: A view of the forget gate.
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

    def unit_slope(self) -> None:
        return None

    def first(self, count: int) -> Self:
        """The linearisation of the first `count` sequences."""
        return replace(
            self,
            states=self.states.first(count),
            cell_PBH=self.cell_PBH[:, :count],
            gates_PBG=self.gates_PBG[:, :count],
            forget_PBH=self.forget_PBH[:, :count],
            factors_PBG=self.factors_PBG[:, :count],
            readout_slope_PBH=self.readout_slope_PBH[:, :count],
        )

    def gates(self) -> dict[str, Tensor]:
        """(P, B, H) each by name."""
        return dict(zip(LstmSpec.card.blocks, self.gates_PBG.chunk(4, dim=-1), strict=True))

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the gate pre-activations of timestep p, and at the state (h, c) before it."""
        hidden_NH, cell_NH = adjoint_NS.chunk(2, dim=-1)
        cell_NH = torch.addcmul(cell_NH, hidden_NH, self.readout_slope_PBH[p, rows])
        gates_NG = torch.cat([cell_NH, cell_NH, cell_NH, hidden_NH], dim=-1)
        gates_NG *= self.factors_PBG[p, rows]
        previous_NH = gates_NG @ self.weights.recurrent_GH
        kept_NH = cell_NH * self.forget_PBH[p, rows]
        return gates_NG, torch.cat([previous_NH, kept_NH], dim=-1)

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state (h, c) after timestep p for a change of the one before it."""
        hidden_NH, cell_NH = tangent_NS.chunk(2, dim=-1)
        drive_NG = hidden_NH @ self.weights.recurrent_GH.T
        written_NH, kept_NH, new_NH, read_NH = (drive_NG * self.factors_PBG[p, rows]).chunk(4, -1)
        cell_NH = cell_NH * self.forget_PBH[p, rows] + written_NH + kept_NH + new_NH
        hidden_NH = read_NH + cell_NH * self.readout_slope_PBH[p, rows]
        return torch.cat([hidden_NH, cell_NH], dim=-1)

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: that at the input side."""
        return gates_PBG

    def volume_factors(self) -> VolumeFactors:
        """ln|det J| = Σ ln f + Σ ln o(1−o) + Σ ln|tanh c'| + ln|det W_o|.

        The rows of h less κ times those of c leave J block-triangular. o(1−o) comes out of its
        product with tanh c', which is exact where o rounds to 1.
        """
        activation_PBH = self.cell_PBH.tanh().abs().log()
        read_PBH = self.factors_PBG.chunk(4, dim=-1)[3].abs().log()
        return VolumeFactors(
            recurrent=log_abs_det(self.weights.recurrent_GH.chunk(4)[3]),
            activation_PBH=activation_PBH,
            gates={"forget": self.forget_PBH.log(), "output": read_PBH - activation_PBH},
        )


def linearise_lstm(states: DirectionStates) -> LstmLinearisation:
    hidden_PBH = states.hidden_PBH
    gates_PBG = hidden_PBH.new_empty(*hidden_PBH.shape[:2], 4 * hidden_PBH.shape[2])
    result = LstmLinearisation(
        states=states,
        cell_PBH=torch.empty_like(hidden_PBH),
        gates_PBG=gates_PBG,
        forget_PBH=gates_PBG.chunk(4, dim=-1)[1],
        factors_PBG=torch.empty_like(gates_PBG),
        readout_slope_PBH=torch.empty_like(hidden_PBH),
    )
    # tanh x = σ(2x) − σ(−2x) and its slope 4 σ(2x) σ(−2x): one kernel serves all four gates
    factor_G1 = torch.ones_like(states.weights.input_bias_G)[:, None]
    factor_G1.chunk(4)[2].fill_(2.0)
    weights = states.weights.scaled(factor_G1)
    cell_BH = torch.zeros_like(hidden_PBH[0])
    for span in states.spans():
        _fill_gates(result, weights, span)
        _fill_cell(result, span, cell_BH)
        cell_BH = result.cell_PBH[span][-1]
    return result


def _fill_gates(result: LstmLinearisation, weights: RecurrentWeights, span: slice) -> None:
    """Write the activations, and their slopes where the factors will stand."""
    drive_PBG = weights.drive(result.states.x_PBI[span], result.states.previous_PBH[span])
    gates_PBG, slope_PBG = result.gates_PBG[span], result.factors_PBG[span]
    torch.sigmoid(drive_PBG, out=gates_PBG)
    closed_PBG = drive_PBG.neg_().sigmoid_()
    torch.mul(gates_PBG, closed_PBG, out=slope_PBG)
    gates_PBG.chunk(4, dim=-1)[2].sub_(closed_PBG.chunk(4, dim=-1)[2])
    slope_PBG.chunk(4, dim=-1)[2].mul_(4.0)


def _fill_cell(result: LstmLinearisation, span: slice, cell_BH: Tensor) -> None:
    """Write the cell states of a span, and multiply the slopes to the factors."""
    input_PBH, forget_PBH, candidate_PBH, output_PBH = result.gates_PBG[span].chunk(4, dim=-1)
    by_input, by_forget, by_candidate, by_output = result.factors_PBG[span].chunk(4, dim=-1)
    cell_PBH = result.cell_PBH[span]
    written_PBH = candidate_PBH * input_PBH
    before = [cell_BH, *cell_PBH[:-1]]
    for p, before_BH in enumerate(before):
        torch.addcmul(written_PBH[p], forget_PBH[p], before_BH, out=cell_PBH[p])
    by_input *= candidate_PBH
    by_forget[0] *= cell_BH
    by_forget[1:] *= cell_PBH[:-1]
    by_candidate *= input_PBH
    by_output *= torch.tanh(cell_PBH)
    torch.mul(output_PBH, tanh_slope(cell_PBH), out=result.readout_slope_PBH[span])


def _make(spec: LstmSpec, input_size: int) -> Layer:
    return LstmLayer(input_size, spec.hidden_size, bidirectional=spec.bidirectional)


LSTM = CellLayers(spec=LstmSpec, make=_make)
