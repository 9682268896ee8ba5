"""What the outputs for one split are scored against.

Shapes: N loss terms, K numbers that scoring needs of each.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from app.domain.telemetry import DoubleArray


class Truth(Protocol):
    """The targets of one split, in the order of the loss terms that count."""

    def in_units(self, kept_NK: DoubleArray) -> DoubleArray:
        """Returns what a network gave as an answer in the units of the data."""
        ...

    def scores(self, answer_NK: DoubleArray) -> Mapping[str, float]:
        """Returns every metric that is defined; a value may be infinite or NaN."""
        ...

    def details(
        self, answer_NK: DoubleArray, *, classes: Sequence[str | None]
    ) -> Mapping[str, JsonValue]:
        """Returns the scores by horizon, series or class, as `ScoreDetails` has them.

        `classes` are the labels of the classes; there are none for numbers.
        """
        ...


def finite(scores: Mapping[str, float]) -> dict[str, JsonValue]:
    """Returns the scores as JSON, which has neither NaN nor infinity."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
