"""No clipping."""

from typing import Literal

from app.domain.specs.base import Spec
from app.domain.specs.clipping.gradient import Gradient, S


class NoClipping(Spec):
    """The gradient as it is."""

    kind: Literal["none"]

    def clip(self, gradient: Gradient[S]) -> S:
        """Returns the clip coefficient, which is 1."""
        return gradient.one
