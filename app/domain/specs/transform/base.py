"""The base of all transforms of a target.

Shapes: N rows of a series, B windows, H timesteps ahead, Q outputs for each value,
R rows that a transform reaches back.
"""

from abc import abstractmethod

from app.domain.specs.base import Spec
from app.domain.telemetry import DoubleArray


class Transform(Spec):
    """A function of a series that can be undone after its end."""

    kind: str

    @property
    def reach(self) -> int:
        """Rows before a value that it is computed from."""
        return 0

    @abstractmethod
    def applied(self, values_N: DoubleArray) -> DoubleArray:
        """Returns (N,) transformed values; the first `reach` ones are NaN."""

    @abstractmethod
    def undone(self, ahead_BHQ: DoubleArray, before_BR: DoubleArray) -> DoubleArray:
        """Returns (B, H, Q) values whose transform is `ahead_BHQ`.

        `before_BR` are the last `reach` values before the window's end, not transformed.
        """
