"""How the weights start: drawn on the host in double precision, for every device.

The formulas are those of `app/domain/specs/init`; here is which tensor gets which.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from app.domain.seeding import numpy_generator
from app.domain.specs.init import InitSpec
from app.domain.specs.init.base import BlankBiases, BlankMatrix
from app.domain.specs.model.cell import CellCard
from app.domain.telemetry import DoubleArray
from worker.models.network import SequenceModel


@dataclass(frozen=True, kw_only=True)
class Initialiser:
    """What the initial weights depend on, besides their shapes."""

    init: InitSpec
    seed: int
    #: Sum of the two biases of the forget gate; None leaves them as they are drawn.
    forget_bias: float | None
    #: Timesteps that the task needs the network to remember.
    longest_lag: int = 1

    def initialise_(self, model: SequenceModel) -> None:
        """Overwrite all tensors; each is a pure function of the seed and the tensor's name."""
        for name, parameter in model.named_tensors():
            _write(parameter, self._values(model, name, tuple(parameter.shape)))

    def _values(self, model: SequenceModel, name: str, shape: tuple[int, ...]) -> DoubleArray:
        rng = numpy_generator(self.seed, "init", name)
        if name.startswith("readout."):
            return _readout(shape, rng)
        if "bias_" in name:
            blank_biases = BlankBiases(
                shape=shape,
                hidden_size=model.hidden_size,
                rng=rng,
                gates=model.card.gates,
                longest_lag=self.longest_lag,
            )
            return self._biases(model.card, blank_biases, is_second="bias_hh" in name)
        kind = self.init.recurrent if "weight_hh" in name else self.init.input
        hidden_size = model.hidden_size
        blank = BlankMatrix(shape=(hidden_size, shape[1]), hidden_size=hidden_size, rng=rng)
        return np.concatenate([kind.fill(blank) for _ in model.card.blocks])

    def _biases(self, card: CellCard, blank: BlankBiases, *, is_second: bool) -> DoubleArray:
        """Torch has two biases: the second, bias_hh, is zero for most kinds."""
        kind = self.init.bias
        is_zero = is_second and not kind.fills_both_biases
        values = blank.zeros() if is_zero else kind.fill(blank)
        if self.forget_bias is not None and card.forget_gate is not None:
            first = card.blocks.index(card.forget_gate) * blank.hidden_size
            values[first : first + blank.hidden_size] = 0.0 if is_second else self.forget_bias
        return values


def _readout(shape: tuple[int, ...], rng: np.random.Generator) -> DoubleArray:
    """Xavier uniform with a zero bias, for every `init`."""
    if len(shape) == 1:
        return np.zeros(shape)
    bound = math.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


def _write(parameter: nn.Parameter, values: DoubleArray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values))
