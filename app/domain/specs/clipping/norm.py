"""Clipping of the global norm from above and, optionally, from below."""

from typing import Literal, Self

from pydantic import model_validator

from app.domain.specs.base import Positive
from app.domain.specs.clipping.base import Clipping, Gradient, S


class NormClipping(Clipping):
    """Rescale the global L2 norm to at most `max_norm` (Pascanu et al. 2013, algorithm 1)."""

    kind: Literal["norm"] = "norm"
    max_norm: Positive = 1.0
    """Largest global L2 norm of the gradient."""
    min_norm: Positive | None = None
    """Raise smaller, non-zero gradients to this norm."""

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Self:
        if self.min_norm is not None and self.min_norm > self.max_norm:
            raise ValueError("min_norm must be at most max_norm")
        return self

    def clip(self, gradient: Gradient[S], /) -> S:
        """Returns the clip coefficient; a gradient of norm zero or not finite is not changed."""
        norm = gradient.norm
        coefficient = (self.max_norm / norm).clamp_max(1.0)
        if self.min_norm is not None:
            coefficient = (self.min_norm / norm).where(norm < self.min_norm, coefficient)
        coefficient = coefficient.where(norm.isfinite() & (norm > 0), gradient.one)
        if self.min_norm is None:
            gradient.scale(coefficient)
        else:
            # multiplied by the root twice: the factor of a gradient of 1e-40 overflows float32
            root = coefficient.sqrt()
            gradient.scale(root)
            gradient.scale(root)
        return coefficient
