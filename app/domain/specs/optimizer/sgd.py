"""Stochastic gradient descent, with momentum where asked for."""

from typing import Literal, Self

from pydantic import model_validator

from app.domain.specs.base import Flag, Fraction
from app.domain.specs.optimizer.base import Optimizer, TorchOptimizer


class SgdSpec(Optimizer):
    """Stochastic gradient descent."""

    kind: Literal["sgd"]
    momentum: Fraction = 0.0
    """Share of the last update that is added to the next one."""
    nesterov: Flag = False
    """Whether the momentum looks one step ahead; it needs `momentum` above 0."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self

    @property
    def in_torch(self) -> TorchOptimizer:
        return TorchOptimizer(
            name="SGD",
            arguments={"momentum": self.momentum, "nesterov": self.nesterov, "fused": True},
            num_moments=1 if self.momentum else 0,
        )
