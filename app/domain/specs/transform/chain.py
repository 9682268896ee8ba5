"""The transforms of a target, one after the other, and their inverse.

Shapes: N rows of a series, B windows, H timesteps ahead, Q outputs for each value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.specs.transform.base import Transform
from app.domain.telemetry import DoubleArray, IntArray


@dataclass(frozen=True, kw_only=True)
class TargetTransform:
    """Transforms in the order in which they are applied; none leave a series as it is."""

    parts: tuple[Transform, ...] = ()

    @property
    def reach(self) -> int:
        """Rows at the beginning of a series that have no transformed value."""
        return sum(part.reach for part in self.parts)

    @property
    def in_words(self) -> str:
        return " and ".join(part.kind for part in self.parts)

    def levels(self, values_N: DoubleArray) -> tuple[DoubleArray, ...]:
        """Returns (N,) the values before each transform, and at last the transformed values.

        Values that a transform cannot give, at the beginning of a series, are NaN.
        """
        found = [values_N]
        for part in self.parts:
            found.append(part.applied(found[-1]))
        return tuple(found)

    def before(self, levels: Sequence[DoubleArray], start_B: IntArray) -> tuple[DoubleArray, ...]:
        """Returns (B, reach) what undoing each transform needs of the rows before `start_B`."""
        return tuple(
            level_N[start_B[:, None] + np.arange(-part.reach, 0)]
            for part, level_N in zip(self.parts, levels, strict=False)
        )

    def undone(self, ahead_BHQ: DoubleArray, before: Sequence[DoubleArray]) -> DoubleArray:
        """Returns (B, H, Q) in the units of the data; `before` is what the method gave."""
        for part, before_BR in zip(reversed(self.parts), reversed(before), strict=True):
            ahead_BHQ = part.undone(ahead_BHQ, before_BR)
        return ahead_BHQ
