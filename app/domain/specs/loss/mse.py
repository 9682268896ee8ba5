"""The squared error."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.loss.base import A, Loss
from app.domain.telemetry import DoubleArray


class MseLoss(Loss):
    """Mean squared error; the best constant is the mean."""

    metric: ClassVar[str] = "mse"
    statistic: ClassVar[str] = "mean"
    power: ClassVar[int] = 2
    kind: Literal["mse"] = "mse"

    def term(self, outputs: Sequence[A], target: A, /) -> A:
        error = outputs[0] - target
        return error * error

    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        return np.square(answer_nQ[:, 0] - wanted_n)

    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        return np.array([wanted_n.mean()])
