"""Zeros."""

from typing import Literal

from app.domain.specs.init.base import Blank, TensorInit
from app.domain.telemetry import DoubleArray


class Zeros(TensorInit):
    """All zero."""

    kind: Literal["zeros"] = "zeros"

    def fill(self, blank: Blank, /) -> DoubleArray:
        return blank.zeros()
