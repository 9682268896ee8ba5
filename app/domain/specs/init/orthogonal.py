"""Random orthogonal matrices."""

from typing import Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class Orthogonal(ScaledInit):
    """A random orthogonal matrix times `gain`, one per gate (Saxe et al. 2014)."""

    kind: Literal["orthogonal"] = "orthogonal"

    @property
    def nominal_radius(self) -> float:
        return self.gain

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """Returns a uniformly distributed orthogonal matrix.

        A matrix that is not square has orthonormal rows or columns.
        """
        rows, columns = blank.fan_out, blank.fan_in
        gaussian = blank.rng.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(gaussian)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without this, QR favours some rotations
        orthogonal: DoubleArray = np.ascontiguousarray(q if rows >= columns else q.T)
        return self.gain * orthogonal
