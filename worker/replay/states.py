"""The trajectory that a network's own modules take over a sample, in each direction's order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from app.domain.telemetry import Direction
from worker.models.layers import Layer, all_lengths, read_layer, reading_order, reorder

SUFFIXES: dict[Direction, str] = {"forward": "", "reverse": "_reverse"}

#: Gate pre-activations worked on at once.
SPAN_NUMBERS = 2**17


@dataclass(frozen=True, kw_only=True)
class RecurrentWeights:
    """One direction of one layer in double precision; rows in torch's gate order."""

    input_GI: Tensor
    recurrent_GH: Tensor
    input_bias_G: Tensor
    recurrent_bias_G: Tensor

    @property
    def hidden_size(self) -> int:
        return self.recurrent_GH.shape[1]

    def scaled(self, factor_G1: Tensor) -> "RecurrentWeights":
        """Those of pre-activations that are multiplied by a factor each."""
        factor_G = factor_G1[:, 0]
        return RecurrentWeights(
            input_GI=self.input_GI * factor_G1,
            recurrent_GH=self.recurrent_GH * factor_G1,
            input_bias_G=self.input_bias_G * factor_G,
            recurrent_bias_G=self.recurrent_bias_G * factor_G,
        )

    def drive(self, x_PBI: Tensor, previous_PBH: Tensor) -> Tensor:
        """Pre-activations (P, B, G), both sides' together."""
        bias_G = self.input_bias_G + self.recurrent_bias_G
        drive_RG = torch.addmm(bias_G, x_PBI.flatten(0, 1), self.input_GI.T)
        drive_RG.addmm_(previous_PBH.flatten(0, 1), self.recurrent_GH.T)
        return drive_RG.view(*previous_PBH.shape[:2], -1)


@dataclass(frozen=True, kw_only=True)
class DirectionStates:
    """States of one direction of one layer, double precision, index P in reading order."""

    layer: int
    direction: Direction
    weights: RecurrentWeights
    x_PBI: Tensor
    hidden_PBH: Tensor
    #: State before each timestep: zero at the first one read.
    previous_PBH: Tensor

    @property
    def num_sequences(self) -> int:
        return self.hidden_PBH.shape[1]

    def first(self, count: int) -> "DirectionStates":
        """Those of the first sequences."""
        return replace(
            self,
            x_PBI=self.x_PBI[:, :count],
            hidden_PBH=self.hidden_PBH[:, :count],
            previous_PBH=self.previous_PBH[:, :count],
        )

    @property
    def scope(self) -> str:
        return layer_scope(self.layer, self.direction)

    def spans(self) -> Iterator[slice]:
        """Timesteps in runs that fit the cache: element-wise work on more waits for memory."""
        num_timesteps, batch_size, _ = self.hidden_PBH.shape
        size = max(1, SPAN_NUMBERS // (batch_size * self.weights.recurrent_GH.shape[0]))
        for first in range(0, num_timesteps, size):
            yield slice(first, first + size)


def layer_scope(layer: int, direction: Direction) -> str:
    return f"layer:{layer}" if direction == "forward" else f"layer:{layer}/reverse"


def read_weights(module: nn.Module, direction: Direction) -> RecurrentWeights:
    parameters = dict(module.named_parameters())
    suffix = SUFFIXES[direction]

    def double(name: str) -> Tensor:
        return parameters[f"{name}_l0{suffix}"].detach().double()

    return RecurrentWeights(
        input_GI=double("weight_ih"),
        recurrent_GH=double("weight_hh"),
        input_bias_G=double("bias_ih"),
        recurrent_bias_G=double("bias_hh"),
    )


def directions_of(module: nn.Module) -> tuple[Direction, ...]:
    names = {name for name, _ in module.named_parameters()}
    return ("forward", "reverse") if "weight_hh_l0_reverse" in names else ("forward",)


def run_layer(module: nn.Module, x_TBI: Tensor, lengths_B: Tensor | None) -> Tensor:
    """Outputs (T, B, D·H) as training computes them: in its precision, by its kernel."""
    return read_layer(cast("Layer", module), x_TBI, lengths_B=lengths_B, chunking=None)


def run_network(
    layers: Sequence[nn.Module] | nn.ModuleList, x_TBI: Tensor, lengths_B: Tensor | None
) -> tuple[tuple[DirectionStates, ...], ...]:
    """States of every layer, bottom first, by direction."""
    order_TB = reading_order(all_lengths(x_TBI, lengths_B), x_TBI.shape[0])
    stack = []
    with torch.no_grad():
        for index, module in enumerate(layers):
            outputs_TBD = run_layer(module, x_TBI, lengths_B)
            stack.append(_split_directions(index, module, (x_TBI, outputs_TBD), order_TB))
            x_TBI = outputs_TBD
    return tuple(stack)


def _split_directions(
    index: int, module: nn.Module, in_and_out: tuple[Tensor, Tensor], order_TB: Tensor
) -> tuple[DirectionStates, ...]:
    x_TBI, outputs_TBD = (tensor.double() for tensor in in_and_out)
    directions = directions_of(module)
    halves = outputs_TBD.chunk(len(directions), dim=-1)
    states = []
    for direction, half_TBH in zip(directions, halves, strict=True):
        is_forward = direction == "forward"
        hidden_PBH = half_TBH if is_forward else reorder(half_TBH, order_TB)
        states.append(
            DirectionStates(
                layer=index,
                direction=direction,
                weights=read_weights(module, direction),
                x_PBI=x_TBI if is_forward else reorder(x_TBI, order_TB),
                hidden_PBH=hidden_PBH,
                previous_PBH=torch.cat([torch.zeros_like(hidden_PBH[:1]), hidden_PBH[:-1]]),
            )
        )
    return tuple(states)
