"""Clipping of each entry; the direction of the gradient changes."""

from typing import Literal

from app.domain.specs.base import Positive
from app.domain.specs.clipping.base import Clipping, Gradient, S


class ValueClipping(Clipping):
    """Clamp each entry to [-max_value, max_value]."""

    kind: Literal["value"]
    max_value: Positive = 1.0
    """Largest absolute value of an entry."""

    def clip(self, gradient: Gradient[S], /) -> S:
        """Returns the clip coefficient: norm afterwards / norm before, 1 for a zero gradient."""
        gradient.clamp(self.max_value)
        return (gradient.norm_now() / gradient.norm).where(gradient.norm > 0, gradient.one)
