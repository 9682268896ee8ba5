"""Temporal order: two symbols far apart (Hochreiter & Schmidhuber 1997), with four classes."""

import math
from typing import Literal

from pydantic import Field

from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import MAX_LENGTH, MadeDataset
from app.domain.task import Baseline, LagSource, MetricMode, TaskFacts, spread_lag

#: A, B and four distractors.
NUM_SYMBOLS = 6
NUM_CLASSES = 4
#: The ranges of the two symbols in tenths of the sequence: first, end.
FIRST_TENTHS, SECOND_TENTHS = (1, 2), (5, 6)


class TemporalOrderSpec(MadeDataset):
    """Classify the order of two distant symbols, 4 classes (Hochreiter & Schmidhuber 1997)."""

    kind: Literal["temporal_order"]
    length: Integer = Field(default=100, ge=10, le=MAX_LENGTH)
    """Timesteps of a sequence."""

    def timesteps(self, tenths: tuple[int, int]) -> tuple[int, int]:
        """Returns first and end of these tenths of the sequence, at least one timestep apart."""
        first, last = tenths
        start = first * self.length // 10
        return start, max(start + 1, last * self.length // 10)

    def facts(self) -> TaskFacts:
        first, last = self.timesteps(FIRST_TENTHS)
        lag = spread_lag(
            shortest=self.length - last,
            longest=self.length - 1 - first,
            source=LagSource.TASK,
            method="lag of the first symbol, which lies in [0.1 T, 0.2 T)",
        )
        floor = Baseline.constant(
            name="guess_order",
            metric="cross_entropy",
            value=math.log(NUM_CLASSES),
            source="ln 4 nats: four orders, equally likely",
        )
        chance = Baseline.constant(
            name="guess_order", metric="accuracy", value=1 / NUM_CLASSES, source="1 of 4 orders"
        )
        return TaskFacts(
            metric="cross_entropy",
            mode=MetricMode.MINIMISE,
            baselines=(floor, chance),
            attainable=0.0,
            required_lag=self.declared_lag() or lag,
            length=self.length,
            input_size=NUM_SYMBOLS,
            output_size=NUM_CLASSES,
            many_to_one=True,
        )
