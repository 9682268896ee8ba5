"""Xavier's initialisation, uniform."""

import math
from typing import Literal

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class XavierUniform(ScaledInit):
    """U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)), per gate (Glorot & Bengio 2010)."""

    kind: Literal["xavier_uniform"] = "xavier_uniform"

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        std = self.gain * math.sqrt(2 / (blank.fan_in + blank.fan_out))
        return blank.uniform(math.sqrt(3) * std)
