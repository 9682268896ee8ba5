"""The values of the last timesteps.

Shapes: T timesteps, B sequences, I inputs, L lags, K features.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.datasets.task import Batch
from worker.references.card import MAX_FEATURES, FeatureCard, Features, InputShape
from worker.references.positions import values_before


@dataclass(frozen=True, kw_only=True)
class Lags:
    """All inputs at some lags before the target; 0 before the sequence begins."""

    #: Timesteps back from the last one.
    lags: tuple[int, ...]
    is_per_step: bool

    def __call__(self, batch: Batch) -> Tensor:
        found = [values_before(batch, lag, is_per_step=self.is_per_step) for lag in self.lags]
        return torch.cat(found, dim=-1)


def make_lags(shape: InputShape) -> Features:
    """Returns the lags of one season before the forecast values, then the last timesteps."""
    most = max(1, MAX_FEATURES // shape.input_size)
    seasonal = (
        [shape.season - ahead for ahead in range(1, shape.horizon + 1)] if shape.season else []
    )
    wanted = [lag for lag in (0, *seasonal, *range(1, shape.length)) if 0 <= lag < shape.length]
    lags = tuple(dict.fromkeys(wanted))[:most]
    return Lags(lags=lags, is_per_step=shape.is_per_step)


CARD = FeatureCard(
    name="lags",
    formula="W [x_t, x_{t-1}, ...] + b, and the same for the change since the last value",
    sees="the values of the last timesteps, and of one season before, each by itself",
    cost="n K^2 + K^3 for n rows and K <= 384 features",
    source="ridge regression (Hoerl & Kennard 1970); autoregression (Yule 1927)",
    is_nonlinear=False,
    features=make_lags,
)
