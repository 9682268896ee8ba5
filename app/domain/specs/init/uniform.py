"""Uniform numbers within a given bound."""

from typing import Literal

from app.domain.specs.base import NonNegative
from app.domain.specs.init.base import Blank, TensorInit
from app.domain.telemetry import DoubleArray


class Uniform(TensorInit):
    """U(-bound, bound)."""

    kind: Literal["uniform"]
    bound: NonNegative = 0.01
    """Largest absolute value."""

    def fill(self, blank: Blank, /) -> DoubleArray:
        return blank.uniform(self.bound)
