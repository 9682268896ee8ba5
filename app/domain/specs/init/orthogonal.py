"""Random orthogonal matrices."""

from typing import Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class Orthogonal(ScaledInit):
    """gain times a random orthogonal matrix, one per gate (Saxe et al. 2014)."""

    kind: Literal["orthogonal"] = "orthogonal"

    @property
    def nominal_radius(self) -> float:
        return self.gain

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """Uniform over the orthogonal matrices; rows or columns where it is not square."""
        rows, columns = blank.fan_out, blank.fan_in
        gaussian = blank.rng.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(gaussian)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without it QR prefers some rotations
        orthogonal: DoubleArray = np.ascontiguousarray(q if rows >= columns else q.T)
        return self.gain * orthogonal
