"""The Huber loss: squared for small errors and absolute for large ones."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.base import Positive
from app.domain.specs.loss.base import A, Loss
from app.domain.telemetry import DoubleArray

#: Halvings of the interval in which the best constant is searched: float64 has 53 bits.
_HALVINGS = 60


class HuberLoss(Loss):
    """error² / 2 up to `delta`, delta (|error| - delta / 2) beyond it (Huber 1964)."""

    metric: ClassVar[str] = "huber"
    statistic: ClassVar[str] = "huber_location"
    power: ClassVar[int] = 2
    kind: Literal["huber"]
    delta: Positive = 1.0
    """The size from which an error counts absolutely, in training standard deviations."""

    def term(self, outputs: Sequence[A], target: A, /) -> A:
        error = outputs[0] - target
        clipped = error.clip(-self.delta, self.delta)
        return clipped * (error - 0.5 * clipped)

    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        size_n = np.abs(answer_nQ[:, 0] - wanted_n)
        large_n = self.delta * (size_n - self.delta / 2)
        return np.where(size_n <= self.delta, np.square(size_n) / 2, large_n)

    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        """Returns the root of the derivative, which rises, by bisection."""
        least, most = float(wanted_n.min()), float(wanted_n.max())
        for _ in range(_HALVINGS):
            middle = (least + most) / 2
            if np.clip(middle - wanted_n, -self.delta, self.delta).sum() < 0:
                least = middle
            else:
                most = middle
        return np.array([(least + most) / 2])
