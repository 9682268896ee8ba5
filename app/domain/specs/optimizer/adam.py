"""Adam."""

from typing import Literal

from app.domain.specs.base import Fraction, Positive
from app.domain.specs.optimizer.base import Optimizer, TorchOptimizer


class AdamSpec(Optimizer):
    """Adam (Kingma & Ba 2015); weight decay is added to the gradient."""

    kind: Literal["adam"] = "adam"
    beta1: Fraction = 0.9
    """Decay of the running mean of the gradient."""
    beta2: Fraction = 0.999
    """Decay of the running mean of the squared gradient."""
    eps: Positive = 1e-8
    """Added to the denominator, so that it is never 0."""

    @property
    def in_torch(self) -> TorchOptimizer:
        return TorchOptimizer(
            name="Adam",
            arguments={"betas": (self.beta1, self.beta2), "eps": self.eps, "fused": True},
            num_moments=2,
            second_moment="exp_avg_sq",
            corrected_by=self.beta2,
        )
