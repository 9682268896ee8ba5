"""The simple recurrent cell h' = φ(W_ih x + b_ih + W_hh h + b_hh): J = diag(φ') W_hh.

Shapes: T timesteps, P timesteps in the order in which a direction reads them, B sequences,
N anchors, I inputs, H hidden units, G = S = H.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self, assert_never

import torch
from torch import Tensor, nn

from app.domain.specs.model.cell import Nonlinearity
from app.domain.specs.model.elman import ElmanSpec
from worker.cells.kernels import kernel_arguments
from worker.cells.layer import CellLayers, Layer, State
from worker.cells.linearisation import VolumeFactors, log_abs_det
from worker.cells.slopes import tanh_slope
from worker.cells.states import DirectionStates, RecurrentWeights


class ElmanLayer(nn.RNN, Layer):
    """The module of torch, for tanh and relu."""

    card: ClassVar = ElmanSpec.card

    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        kernel = torch.rnn_relu if self.nonlinearity == "relu" else torch.rnn_tanh
        out_PBH, h_1BH = kernel(x_PBI, state[0], *kernel_arguments(self, suffix))
        return out_PBH, (h_1BH,)

    def linearise(self, states: DirectionStates) -> "ElmanLinearisation":
        return linearise_elman(states, "relu" if self.nonlinearity == "relu" else "tanh")


class LinearLayer(Layer):
    """h_t = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, which torch does not have."""

    card: ClassVar = ElmanSpec.card
    activation: ClassVar[Nonlinearity] = "linear"

    def __init__(self, input_size: int, hidden_size: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        bound = 1 / math.sqrt(hidden_size)
        for suffix in ("", "_reverse")[: 1 + bidirectional]:
            for name, shape in (
                ("weight_ih", (hidden_size, input_size)),
                ("weight_hh", (hidden_size, hidden_size)),
                ("bias_ih", (hidden_size,)),
                ("bias_hh", (hidden_size,)),
            ):
                start = torch.empty(shape).uniform_(-bound, bound)
                self.register_parameter(f"{name}_l0{suffix}", nn.Parameter(start))

    def forward(self, x_TBI: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs (T, B, D·H) and last states (D, B, H)."""
        start = (x_TBI.new_zeros(1, x_TBI.shape[1], self.hidden_size),)
        outputs_TBH, (last_1BH,) = self.read(x_TBI, start, suffix="")
        if not self.bidirectional:
            return outputs_TBH, last_1BH
        reverse_TBH, (first_1BH,) = self.read(x_TBI.flip(0), start, suffix="_reverse")
        return torch.cat([outputs_TBH, reverse_TBH.flip(0)], dim=-1), torch.cat(
            [last_1BH, first_1BH]
        )

    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        weights = dict(self.named_parameters())
        recurrent_HH = weights[f"weight_hh_l0{suffix}"].T
        bias_H = weights[f"bias_ih_l0{suffix}"] + weights[f"bias_hh_l0{suffix}"]
        drive_PBH = x_PBI @ weights[f"weight_ih_l0{suffix}"].T + bias_H
        h_BH = state[0][0]
        outputs = []
        for drive_BH in drive_PBH.unbind():
            h_BH = torch.addmm(drive_BH, h_BH, recurrent_HH)
            outputs.append(h_BH)
        return torch.stack(outputs), (h_BH[None],)

    def linearise(self, states: DirectionStates) -> "ElmanLinearisation":
        return linearise_elman(states, self.activation)


@dataclass(frozen=True, kw_only=True)
class ElmanLinearisation:
    states: DirectionStates
    #: φ' at the pre-activation. It is exact, whereas 1 − h² is 0 where h rounds to 1.
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

    def unit_slope(self) -> Tensor:
        return self.slope_PBH

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the pre-activations of timestep p, and at the state before it."""
        gates_NG = adjoint_NS * self.slope_PBH[p, rows]
        return gates_NG, gates_NG @ self.weights.recurrent_GH

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state after timestep p for a change of the state before it."""
        return (tangent_NS @ self.weights.recurrent_GH.T) * self.slope_PBH[p, rows]

    def first(self, count: int) -> Self:
        """The linearisation of the first `count` sequences."""
        return replace(
            self,
            states=self.states.first(count),
            slope_PBH=self.slope_PBH[:, :count],
        )

    def gates(self) -> dict[str, Tensor]:
        """Empty: the cell has no gates."""
        return {}

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: that at the input side."""
        return gates_PBG

    def volume_factors(self) -> VolumeFactors:
        """ln|det J| = Σ ln φ' + ln|det W|."""
        return VolumeFactors(
            recurrent=log_abs_det(self.weights.recurrent_GH),
            activation_PBH=self.slope_PBH.log(),
            gates={},
            absent={"gates": "an elman cell has no gates"},
        )


def linearise_elman(states: DirectionStates, activation: Nonlinearity) -> ElmanLinearisation:
    slope_PBH = torch.empty_like(states.hidden_PBH)
    for span in states.spans():
        drive_PBH = states.weights.drive(states.x_PBI[span], states.previous_PBH[span])
        slope_PBH[span] = _slope(drive_PBH, activation)
    return ElmanLinearisation(states=states, slope_PBH=slope_PBH)


def _slope(drive_PBH: Tensor, activation: Nonlinearity) -> Tensor:
    match activation:
        case "tanh":
            return tanh_slope(drive_PBH)
        case "relu":
            return (drive_PBH > 0).double()
        case "linear":
            return torch.ones_like(drive_PBH)
        case _:
            assert_never(activation)


def _make(spec: ElmanSpec, input_size: int) -> Layer:
    if spec.activation == "linear":
        return LinearLayer(input_size, spec.hidden_size, bidirectional=spec.bidirectional)
    return ElmanLayer(
        input_size,
        spec.hidden_size,
        nonlinearity=spec.activation,
        bidirectional=spec.bidirectional,
    )


ELMAN = CellLayers(spec=ElmanSpec, make=_make)
