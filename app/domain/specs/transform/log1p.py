"""The logarithm of a target plus 1."""

from typing import Literal

import numpy as np

from app.domain.specs.transform.base import Transform
from app.domain.telemetry import DoubleArray


class Log1p(Transform):
    """ln(1 + y), for targets above -1 whose changes grow with their level."""

    kind: Literal["log1p"]

    def applied(self, values_N: DoubleArray) -> DoubleArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            transformed_N: DoubleArray = np.log1p(values_N)
        return transformed_N

    def undone(self, ahead_BHQ: DoubleArray, before_BR: DoubleArray) -> DoubleArray:  # noqa: ARG002 - one signature
        with np.errstate(over="ignore"):
            values_BHQ: DoubleArray = np.expm1(ahead_BHQ)
        return values_BHQ
