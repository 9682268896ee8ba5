"""The negative log-likelihood of a Poisson distribution, for counts."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.loss.base import A, Link, Loss
from app.domain.telemetry import DoubleArray


class PoissonLoss(Loss):
    """Mean of rate - target ln(rate), for targets from 0 up.

    An output of the network is ln(rate / mean of the training part).
    """

    metric: ClassVar[str] = "poisson_deviance"
    statistic: ClassVar[str] = "mean"
    link: ClassVar[Link] = "exp"
    power: ClassVar[int] = 1
    needs_non_negative: ClassVar[bool] = True
    kind: Literal["poisson"]

    def term(self, outputs: Sequence[A], target: A, /) -> A:
        (log_rate,) = outputs
        return log_rate.exp() - target * log_rate

    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        """Returns the deviance 2 (y ln(y / rate) - y + rate); infinite for a rate of 0 if y > 0."""
        rate_n = answer_nQ[:, 0]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            information_n = np.where(wanted_n > 0, wanted_n * np.log(wanted_n / rate_n), 0.0)
        return 2 * (information_n - wanted_n + rate_n)

    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        return np.array([wanted_n.mean()])
