"""The input of a probe: a network, and a few sequences with their loss terms."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor, nn

from app.domain.specs.model.cell import CellCard, Nonlinearity


class ReplayableNetwork(Protocol):
    """Stack of one-layer recurrent modules with a linear read-out; dropout is off in a replay."""

    @property
    def card(self) -> CellCard: ...

    @property
    def nonlinearity(self) -> Nonlinearity: ...

    @property
    def layers(self) -> nn.ModuleList: ...

    @property
    def readout(self) -> nn.Linear: ...

    @property
    def many_to_one(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class ProbeSample:
    """Right-padded sequences; padded timesteps are never read."""

    x_TBI: Tensor
    #: None if all sequences have T timesteps.
    lengths_B: Tensor | None
    #: (B, …) for many-to-one, (T, B, …) otherwise.
    targets: Tensor
    #: (outputs_NO, targets_N…) -> unreduced losses_N, before regularisation.
    loss_terms: Callable[[Tensor, Tensor], Tensor]
    #: Many-to-many: where a loss term counts; None if it does at every valid timestep.
    counted_TB: Tensor | None = None

    @property
    def num_sequences(self) -> int:
        return self.x_TBI.shape[1]

    def valid_lengths(self) -> Tensor:
        if self.lengths_B is not None:
            return self.lengths_B.to(self.x_TBI.device)
        num_timesteps, batch_size, _ = self.x_TBI.shape
        return torch.full((batch_size,), num_timesteps, device=self.x_TBI.device)

    def take(self, first: int, last: int, *, many_to_one: bool) -> Self:
        """The sequences first … last − 1."""
        lengths_B, counted_TB = self.lengths_B, self.counted_TB
        return replace(
            self,
            x_TBI=self.x_TBI[:, first:last],
            lengths_B=None if lengths_B is None else lengths_B[first:last],
            targets=self.targets[first:last] if many_to_one else self.targets[:, first:last],
            counted_TB=None if counted_TB is None else counted_TB[:, first:last],
        )
