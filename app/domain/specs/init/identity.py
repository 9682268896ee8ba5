"""Multiples of the identity."""

from typing import Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class Identity(ScaledInit):
    """The identity times `gain`, one per gate (Le et al. 2015)."""

    kind: Literal["identity"]

    @property
    def nominal_radius(self) -> float:
        return self.gain

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        return self.gain * np.eye(blank.fan_out, blank.fan_in)
