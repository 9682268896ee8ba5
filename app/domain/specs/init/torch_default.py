"""The default initialisation of torch.nn."""

import math
from typing import ClassVar, Literal

from app.domain.specs.init.base import Blank, TensorInit
from app.domain.telemetry import DoubleArray


class TorchDefault(TensorInit):
    """U(-1/sqrt(H), 1/sqrt(H)) for weights and biases, as torch.nn does."""

    fills_both_biases: ClassVar = True

    kind: Literal["torch_default"]

    def fill(self, blank: Blank, /) -> DoubleArray:
        return blank.uniform(1 / math.sqrt(blank.hidden_size))
