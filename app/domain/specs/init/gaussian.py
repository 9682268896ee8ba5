"""Normal numbers whose standard deviation depends only on the fan-in."""

import math
from typing import Literal

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class Gaussian(ScaledInit):
    """N(0, gain^2 / fan_in), per gate; a large square matrix has spectral radius `gain`."""

    kind: Literal["gaussian"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        return blank.normal(self.gain / math.sqrt(blank.fan_in))
