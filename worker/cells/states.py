"""Weights and trajectory of one direction of one layer, in double precision.

Shapes: P timesteps in the order in which a direction reads them, R rows P · B, B sequences,
I inputs, H hidden units, G rows of the weights (a multiple of H).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from app.domain.scopes import Direction, Scope

SUFFIXES: dict[Direction, str] = {"forward": "", "reverse": "_reverse"}

#: Pre-activations of one range of `spans`.
SPAN_NUMBERS = 2**17


@dataclass(frozen=True, kw_only=True)
class RecurrentWeights:
    """One direction of one layer in double precision; rows in the order of the card's blocks."""

    input_GI: Tensor
    recurrent_GH: Tensor
    input_bias_G: Tensor
    recurrent_bias_G: Tensor

    @property
    def hidden_size(self) -> int:
        return self.recurrent_GH.shape[1]

    def scaled(self, factor_G1: Tensor) -> "RecurrentWeights":
        """The weights with each row multiplied by its factor."""
        factor_G = factor_G1[:, 0]
        return RecurrentWeights(
            input_GI=self.input_GI * factor_G1,
            recurrent_GH=self.recurrent_GH * factor_G1,
            input_bias_G=self.input_bias_G * factor_G,
            recurrent_bias_G=self.recurrent_bias_G * factor_G,
        )

    def drive(self, x_PBI: Tensor, previous_PBH: Tensor) -> Tensor:
        """Pre-activations (P, B, G), input side plus recurrent side."""
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
    #: State before each timestep: zero before the first one that is read.
    previous_PBH: Tensor

    @property
    def num_sequences(self) -> int:
        return self.hidden_PBH.shape[1]

    def first(self, count: int) -> "DirectionStates":
        """The states of the first `count` sequences."""
        return replace(
            self,
            x_PBI=self.x_PBI[:, :count],
            hidden_PBH=self.hidden_PBH[:, :count],
            previous_PBH=self.previous_PBH[:, :count],
        )

    @property
    def scope(self) -> Scope:
        return Scope.layer(self.layer, self.direction)

    def spans(self) -> Iterator[slice]:
        """Ranges of timesteps that fit into the cache, where element-wise work is fastest."""
        num_timesteps, batch_size, _ = self.hidden_PBH.shape
        size = max(1, SPAN_NUMBERS // (batch_size * self.weights.recurrent_GH.shape[0]))
        for first in range(0, num_timesteps, size):
            yield slice(first, first + size)


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
