"""Small networks of torch's own modules, and samples to look at them with."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from worker.replay.sample import Activation, CellKind, ProbeSample

Shape = Literal["many_to_one", "many_to_many"]


class LinearCell(nn.Module):
    """h_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh, named as torch names its own."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.randn(hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.randn(hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x_TBI: Tensor) -> tuple[Tensor, None]:
        drive_TBH = x_TBI @ self.weight_ih_l0.T + self.bias_ih_l0 + self.bias_hh_l0
        hidden_BH = torch.zeros_like(drive_TBH[0])
        hidden = []
        for drive_BH in drive_TBH:
            hidden_BH = drive_BH + hidden_BH @ self.weight_hh_l0.T
            hidden.append(hidden_BH)
        return torch.stack(hidden), None


class Network(nn.Module):
    """What the replay asks of a network, and nothing else."""

    def __init__(
        self,
        kind: CellKind = "elman",
        *,
        activation: Activation = "tanh",
        sizes: tuple[int, int, int] = (2, 5, 3),
        num_layers: int = 1,
        bidirectional: bool = False,
        many_to_one: bool = True,
    ) -> None:
        super().__init__()
        self.kind: CellKind = kind
        self.activation: Activation = activation
        self.many_to_one = many_to_one
        input_size, hidden_size, output_size = sizes
        directions = 1 + bidirectional
        self.layers = nn.ModuleList(
            self._layer(
                input_size if k == 0 else directions * hidden_size, hidden_size, bidirectional
            )
            for k in range(num_layers)
        )
        self.readout = nn.Linear(directions * hidden_size, output_size)

    def _layer(self, input_size: int, hidden_size: int, two_way: bool) -> nn.Module:  # noqa: FBT001
        if self.kind == "lstm":
            return nn.LSTM(input_size, hidden_size, bidirectional=two_way)
        if self.kind == "gru":
            return nn.GRU(input_size, hidden_size, bidirectional=two_way)
        if self.activation == "linear":
            return LinearCell(input_size, hidden_size)
        return nn.RNN(
            input_size, hidden_size, nonlinearity=self.activation, bidirectional=two_way
        )


def squared_errors(outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:
    return (outputs_NO - targets_NO).square().sum(dim=-1)


def sample_for(
    network: Network, *, num_timesteps: int, batch_size: int, varied: bool = False
) -> ProbeSample:
    weight = network.readout.weight
    input_size = next(iter(network.layers[0].parameters())).shape[1]
    x_TBI = torch.randn(num_timesteps, batch_size, input_size, dtype=weight.dtype)
    lead = (batch_size,) if network.many_to_one else (num_timesteps, batch_size)
    lengths_B = torch.randint(num_timesteps // 2, num_timesteps + 1, (batch_size,))
    return ProbeSample(
        x_TBI=x_TBI,
        lengths_B=lengths_B if varied else None,
        targets=torch.randn(*lead, weight.shape[0], dtype=weight.dtype),
        loss_terms=squared_errors,
    )


def orthogonal_network(hidden_size: int, radius: float, *, dtype: torch.dtype) -> Network:
    """Linear Elman network whose recurrent matrix is radius × a random orthogonal one."""
    network = Network(activation="linear", sizes=(2, hidden_size, 3)).to(dtype)
    with torch.no_grad():
        orthogonal = torch.linalg.qr(torch.randn(hidden_size, hidden_size).double())[0]
        network.layers[0].weight_hh_l0.copy_(radius * orthogonal)
        network.layers[0].weight_ih_l0.div_(math.sqrt(hidden_size))
    return network
