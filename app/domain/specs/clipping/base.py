"""What all clippings share: the gradient and the scalars that their formulas may use.

`torch.Tensor` is a `Scalar` as it stands. The operations return arrays and never numbers of Python,
so that no formula makes the host wait for the device.
"""

from abc import abstractmethod
from typing import Protocol, Self, TypeVar

from app.domain.specs.base import Spec


class Scalar(Protocol):
    """An array of dimension 0, on any device; a comparison gives one of 0 or 1."""

    def __truediv__(self, other: Self, /) -> Self: ...

    def __rtruediv__(self, other: float, /) -> Self: ...

    def __lt__(self, other: float, /) -> Self: ...

    def __gt__(self, other: float, /) -> Self: ...

    def __and__(self, other: Self, /) -> Self: ...

    def isfinite(self) -> Self: ...

    def sqrt(self) -> Self: ...

    def clamp_max(self, bound: float, /) -> Self: ...

    def where(self, condition: Self, other: Self, /) -> Self:
        """This number where the condition holds, else the other."""


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
        """Multiply every entry."""

    def clamp(self, bound: float, /) -> None:
        """Bring every entry into [-bound, bound]; NaN stays."""

    def norm_now(self) -> S:
        """Global L2 norm of the entries as they are."""


class Clipping(Spec):
    """A kind is its fields and its formula."""

    @abstractmethod
    def clip(self, gradient: Gradient[S], /) -> S:
        """Change the gradient. Returns the clip coefficient, its norm after over that before."""
