"""No clipping."""

from typing import Literal

from app.domain.specs.clipping.base import Clipping, Gradient, S


class NoClipping(Clipping):
    """Leave the gradient unchanged."""

    kind: Literal["none"]

    def clip(self, gradient: Gradient[S], /) -> S:
        """Returns the clip coefficient, which is 1."""
        return gradient.one
