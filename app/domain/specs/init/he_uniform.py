"""He's initialisation, uniform."""

import math
from typing import Literal

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class HeUniform(ScaledInit):
    """U(-a, a), a = gain sqrt(6 / fan_in) (He et al. 2015)."""

    kind: Literal["he_uniform"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        std = self.gain * math.sqrt(2 / blank.fan_in)
        return blank.uniform(math.sqrt(3) * std)
