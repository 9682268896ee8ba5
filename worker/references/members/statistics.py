"""Statistics of all that was seen, and the first and the last values.

Shapes: T timesteps, B sequences, I inputs, K features.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.datasets.task import Batch
from worker.references.card import MAX_FEATURES, FeatureCard, Features, InputShape
from worker.references.positions import last_of, values_before

#: Values at the start and at the end of a sequence.
NUM_ENDS = 3


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """As many of the statistics, in their order, as there is room for."""

    num_blocks: int
    is_per_step: bool

    def __call__(self, batch: Batch) -> Tensor:
        found: list[Tensor] = []
        for block in self._blocks(batch):
            found.append(block)
            if len(found) == self.num_blocks:
                break
        size = torch.arange(1.0, len(batch.inputs_TBI) + 1)[:, None, None]
        size_TB1 = (size / len(batch.inputs_TBI)).expand(-1, batch.num_sequences, -1)
        return torch.cat([*found, self._at_target(size_TB1, batch)], dim=-1)

    def _blocks(self, batch: Batch) -> Iterator[Tensor]:
        """Yields statistics of the timesteps up to each target, I of each kind."""
        x_TBI = batch.inputs_TBI
        size_T11 = torch.arange(1.0, len(x_TBI) + 1)[:, None, None]
        mean_TBI = x_TBI.cumsum(dim=0) / size_T11
        yield self._at_target(mean_TBI, batch)
        yield values_before(batch, 0, is_per_step=self.is_per_step)
        square_TBI = x_TBI.square().cumsum(dim=0) / size_T11 - mean_TBI.square()
        yield self._at_target(square_TBI.clamp(min=0).sqrt(), batch)
        yield self._at_target(x_TBI.cummax(dim=0).values, batch)
        yield self._at_target(x_TBI.cummin(dim=0).values, batch)
        change_TBI = torch.zeros_like(x_TBI)
        change_TBI[1:] = (x_TBI[1:] - x_TBI[:-1]).abs()
        yield self._at_target(change_TBI.cumsum(dim=0) / size_T11, batch)
        for place in range(min(NUM_ENDS, len(x_TBI))):
            first_TBI = torch.zeros_like(x_TBI)
            first_TBI[place:] = x_TBI[place]
            yield self._at_target(first_TBI, batch)
        for lag in range(1, NUM_ENDS):
            yield values_before(batch, lag, is_per_step=self.is_per_step)

    def _at_target(self, values_TBx: Tensor, batch: Batch) -> Tensor:
        return values_TBx if self.is_per_step else last_of(values_TBx, batch)


def make_statistics(shape: InputShape) -> Features:
    return Statistics(
        num_blocks=max(1, (MAX_FEATURES - 1) // shape.input_size), is_per_step=shape.is_per_step
    )


CARD = FeatureCard(
    name="statistics",
    formula=(
        "W [mean, last value, standard deviation, largest, smallest, mean |change|, first three "
        "values, last three values, length] + b, each of the timesteps up to the target"
    ),
    sees="how values are spread over the sequence, and its two ends; no order between them",
    cost="T I numbers of each kind for T timesteps of I inputs, then n K^2 + K^3",
    source="ridge regression (Hoerl & Kennard 1970); multinomial logistic regression (Cox 1958)",
    is_nonlinear=False,
    features=make_statistics,
    is_for_forecasts=False,
)
