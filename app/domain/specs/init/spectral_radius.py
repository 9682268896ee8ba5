"""Gaussian matrices of a given spectral radius."""

from typing import Literal

import numpy as np

from app.domain.specs.base import Positive
from app.domain.specs.init.base import BlankMatrix, MatrixInit
from app.domain.telemetry import DoubleArray


class SpectralRadius(MatrixInit):
    """Gaussian matrix, one per gate, rescaled so that its largest |eigenvalue| is `radius`."""

    kind: Literal["spectral_radius"]
    radius: Positive = 1.0
    """Largest absolute eigenvalue of the matrix."""

    @property
    def nominal_radius(self) -> float:
        return self.radius

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        gaussian = blank.normal(1.0)
        present = float(np.abs(np.linalg.eigvals(gaussian)).max())
        return gaussian * (self.radius / present)
