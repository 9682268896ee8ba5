"""Xavier's initialisation, normal."""

import math
from typing import Literal

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class XavierNormal(ScaledInit):
    """N(0, gain^2 2 / (fan_in + fan_out)), per gate (Glorot & Bengio 2010)."""

    kind: Literal["xavier_normal"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        return blank.normal(self.gain * math.sqrt(2 / (blank.fan_in + blank.fan_out)))
