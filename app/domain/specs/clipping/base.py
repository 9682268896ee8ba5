"""The base of all clippings: the gradient and the scalars that their formulas use.

`torch.Tensor` implements `Scalar`. Operations return arrays and never Python numbers, so that no
formula makes the host wait for the device.
"""

from abc import abstractmethod
from typing import Protocol, Self, TypeVar

from app.domain.specs.base import Spec


class Scalar(Protocol):
    """A zero-dimensional array on any device; comparisons return 0 or 1 as such an array."""

    def __truediv__(self, other: Self, /) -> Self: ...

    def __rtruediv__(self, other: float, /) -> Self: ...

    def __lt__(self, other: float, /) -> Self: ...

    def __gt__(self, other: float, /) -> Self: ...

    def __and__(self, other: Self, /) -> Self: ...

    def isfinite(self) -> Self: ...

    def sqrt(self) -> Self: ...

    def clamp_max(self, bound: float, /) -> Self: ...

    def where(self, condition: Self, other: Self, /) -> Self:
        """Returns this number if the condition holds, otherwise the other."""


S = TypeVar("S", bound=Scalar)


class Gradient(Protocol[S]):
    """The gradient of a whole network, changed in place."""

    @property
    def norm(self) -> S:
        """Global L2 norm before any change, in double precision."""

    @property
    def one(self) -> S:
        """The number 1."""

    def scale(self, factor: S, /) -> None:
        """Multiplies every entry by the factor."""

    def clamp(self, bound: float, /) -> None:
        """Limits every entry to [-bound, bound]; NaN stays NaN."""

    def norm_now(self) -> S:
        """Returns the global L2 norm of the entries after the changes so far."""


class Clipping(Spec):
    """A kind of clipping: its fields and its formula."""

    @abstractmethod
    def clip(self, gradient: Gradient[S], /) -> S:
        """Changes the gradient. Returns the clip coefficient: norm afterwards / norm before."""
