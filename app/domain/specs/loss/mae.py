"""The absolute error."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.loss.base import A, Loss
from app.domain.telemetry import DoubleArray


class MaeLoss(Loss):
    """Mean absolute error; the best constant is the median."""

    metric: ClassVar[str] = "mae"
    statistic: ClassVar[str] = "median"
    power: ClassVar[int] = 1
    kind: Literal["mae"] = "mae"

    def term(self, outputs: Sequence[A], target: A, /) -> A:
        return (outputs[0] - target).abs()

    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        return np.abs(answer_nQ[:, 0] - wanted_n)

    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        return np.array([np.median(wanted_n)])
