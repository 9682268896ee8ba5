"""The card of a reference model, and what a model is told of its task.

Shapes: T timesteps, B sequences, I inputs, K features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from worker.datasets.task import Batch, Predict

#: Features of one sequence, or of one timestep of it. It bounds the cost of a fit, which is that of
#: a matrix of this size.
MAX_FEATURES = 384


@dataclass(frozen=True, kw_only=True)
class InputShape:
    """The inputs that features are made of."""

    #: Timesteps of the longest training sequence.
    length: int
    input_size: int
    #: Whether each timestep has a target; otherwise each sequence has one.
    is_per_step: bool
    #: Timesteps of a season; None without one.
    season: int | None = None
    #: Values that are forecast; 0 if the task is no forecast.
    horizon: int = 0
    #: Timesteps of all sequences that the model is fitted to and scored on.
    num_timesteps: int = 0


class Features(Protocol):
    """Features of what a network has seen up to its target."""

    def __call__(self, batch: Batch) -> Tensor:
        """Returns (B, K), or (T, B, K) if each timestep has a target; float32."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReferenceCard:
    """What is known of one reference model."""

    name: str
    formula: str
    #: What of the input it can use.
    sees: str
    cost: str
    source: str
    #: Whether it can use products and the order of inputs.
    is_nonlinear: bool


@dataclass(frozen=True, kw_only=True)
class FeatureCard(ReferenceCard):
    """The card of a model that is linear in its features."""

    features: Callable[[InputShape], Features]
    #: Whether it is of use for the last values of one series.
    is_for_forecasts: bool = True
    #: Timesteps of training sequences that it is fitted to at most.
    max_timesteps: int = 10**7


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A model that was fitted to the training part."""

    card: ReferenceCard
    predict: Predict
    #: Of the fit, in words.
    details: str
    #: (n,) The loss of each validation row that models are compared on; None without any.
    losses_n: Tensor | None = None
    #: Whether its outputs are changes since the last value.
    is_anchored: bool = False
