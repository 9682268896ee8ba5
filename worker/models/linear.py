"""The recurrent cell without a non-linearity, whose gradients have closed forms.

Shapes: T timesteps, B sequences, I inputs, H hidden units, D directions.
"""

import math

import torch
from torch import Tensor, nn


class LinearRNN(nn.Module):
    """h_t = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh; its parameters have the names of nn.RNN."""

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
        start_1BH = x_TBI.new_zeros(1, x_TBI.shape[1], self.hidden_size)
        outputs_TBH, last_1BH = self.read(x_TBI, start_1BH, suffix="")
        if not self.bidirectional:
            return outputs_TBH, last_1BH
        reverse_TBH, first_1BH = self.read(x_TBI.flip(0), start_1BH, suffix="_reverse")
        return torch.cat([outputs_TBH, reverse_TBH.flip(0)], dim=-1), torch.cat(
            [last_1BH, first_1BH]
        )

    def read(self, x_TBI: Tensor, state_1BH: Tensor, *, suffix: str) -> tuple[Tensor, Tensor]:
        """One direction over a sequence that is already in its reading order."""
        weights = dict(self.named_parameters())
        recurrent_HH = weights[f"weight_hh_l0{suffix}"].T
        bias_H = weights[f"bias_ih_l0{suffix}"] + weights[f"bias_hh_l0{suffix}"]
        drive_TBH = x_TBI @ weights[f"weight_ih_l0{suffix}"].T + bias_H
        h_BH = state_1BH[0]
        outputs = []
        for drive_BH in drive_TBH.unbind():
            h_BH = torch.addmm(drive_BH, h_BH, recurrent_HH)
            outputs.append(h_BH)
        return torch.stack(outputs), h_BH[None]
