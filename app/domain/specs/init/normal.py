"""Normal numbers of a given standard deviation."""

from typing import Literal

from app.domain.specs.base import NonNegative
from app.domain.specs.init.base import Blank, TensorInit
from app.domain.telemetry import DoubleArray


class Normal(TensorInit):
    """N(0, std^2)."""

    kind: Literal["normal"]
    std: NonNegative = 0.01
    """Standard deviation."""

    def fill(self, blank: Blank, /) -> DoubleArray:
        return blank.normal(self.std)
