"""What the outputs for one split are scored against.

Shapes: N loss terms, K numbers that scoring needs of each.
"""

from collections.abc import Mapping
from typing import Protocol

from app.domain.telemetry import DoubleArray


class Truth(Protocol):
    """The targets of one split, in the order of the loss terms that count."""

    def in_units(self, kept_NK: DoubleArray) -> DoubleArray:
        """Returns what a network gave as an answer in the units of the data."""
        ...

    def scores(self, answer_NK: DoubleArray) -> Mapping[str, float]:
        """Returns every metric that is defined; a value may be infinite or NaN."""
        ...
