"""AdamW."""

from typing import Literal

from app.domain.specs.base import Fraction, Positive
from app.domain.specs.optimizer.base import Optimizer, TorchOptimizer


class AdamWSpec(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"]
    beta1: Fraction = 0.9
    """Decay of the running mean of the gradient."""
    beta2: Fraction = 0.999
    """Decay of the running mean of the squared gradient."""
    eps: Positive = 1e-8
    """Added to the denominator, so that it is never 0."""

    @property
    def in_torch(self) -> TorchOptimizer:
        return TorchOptimizer(
            name="AdamW",
            arguments={"betas": (self.beta1, self.beta2), "eps": self.eps, "fused": True},
            num_moments=2,
            second_moment="exp_avg_sq",
            corrected_by=self.beta2,
            is_decay_decoupled=True,
        )
