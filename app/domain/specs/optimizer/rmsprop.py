"""RMSprop, with momentum where asked for."""

from typing import Literal

from app.domain.specs.base import Fraction, Positive
from app.domain.specs.optimizer.base import Optimizer, TorchOptimizer


class RmspropSpec(Optimizer):
    """RMSprop (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"]
    alpha: Fraction = 0.99
    """Decay of the running mean of the squared gradient."""
    momentum: Fraction = 0.0
    """Share of the last update that is added to the next one."""
    eps: Positive = 1e-8
    """Added to the denominator, so that it is never 0."""

    @property
    def in_torch(self) -> TorchOptimizer:
        arguments = {"alpha": self.alpha, "momentum": self.momentum, "eps": self.eps}
        return TorchOptimizer(
            name="RMSprop",
            # torch has no fused kernel for it
            arguments={**arguments, "foreach": True},
            num_moments=2 if self.momentum else 1,
            second_moment="square_avg",
        )
