"""The pinball loss of several quantiles."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from app.domain.specs.base import AtMost, Fraction
from app.domain.specs.loss.base import A, Loss
from app.domain.telemetry import DoubleArray

Level = Annotated[Fraction, Field(gt=0)]


def _rising(levels: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(levels)):
        raise ValueError("levels must rise")
    return levels


class QuantileLoss(Loss):
    """Mean over levels q of q max(e, 0) + (1 - q) max(-e, 0), e = target - output (Koenker)."""

    metric: ClassVar[str] = "quantile_loss"
    statistic: ClassVar[str] = "quantiles"
    power: ClassVar[int] = 1
    kind: Literal["quantile"]
    levels: Annotated[
        tuple[Level, ...], Field(min_length=1), AfterValidator(_rising), AtMost(most=20)
    ] = (0.1, 0.5, 0.9)
    """Probabilities that the target lies below the forecasts, rising. Metrics like `mae` are of the
    level that is nearest to 0.5."""

    @property
    def outputs_per_target(self) -> int:
        return len(self.levels)

    @property
    def point_output(self) -> int:
        return min(range(len(self.levels)), key=lambda place: abs(self.levels[place] - 0.5))

    def output_names(self, target: str) -> tuple[str, ...]:
        return tuple(f"{target} q{level:g}" for level in self.levels)

    def term(self, outputs: Sequence[A], target: A, /) -> A:
        first, *others = (
            0.5 * (target - output).abs() + (level - 0.5) * (target - output)
            for level, output in zip(self.levels, outputs, strict=True)
        )
        total = first
        for other in others:
            total = total + other
        return (1 / len(self.levels)) * total

    def sizes(self, answer_nQ: DoubleArray, wanted_n: DoubleArray) -> DoubleArray:
        error_nQ, level_Q = wanted_n[:, None] - answer_nQ, np.array(self.levels)
        pinball_nQ = np.maximum(level_Q * error_nQ, (level_Q - 1) * error_nQ)
        mean_n: DoubleArray = pinball_nQ.mean(axis=1)
        return mean_n

    def best_constant(self, wanted_n: DoubleArray) -> DoubleArray:
        return np.quantile(wanted_n, self.levels)
