"""What initialisations share: weights without values, and what a kind states of itself.

Shapes: H hidden units, I inputs, B gates.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.domain.specs.base import Positive, Spec
from app.domain.specs.model.cell import CellCard, Gate, Nonlinearity
from app.domain.telemetry import DoubleArray


@dataclass(frozen=True, kw_only=True)
class Blank:
    """Weights without values; all random numbers come from their own generator."""

    shape: tuple[int, ...]
    #: H.
    hidden_size: int
    rng: np.random.Generator

    def uniform(self, bound: float) -> DoubleArray:
        """U(-bound, bound)."""
        return self.rng.uniform(-bound, bound, self.shape)

    def normal(self, std: float) -> DoubleArray:
        """N(0, std^2)."""
        return self.rng.normal(0, std, self.shape)

    def zeros(self) -> DoubleArray:
        return np.zeros(self.shape)


@dataclass(frozen=True, kw_only=True)
class BlankMatrix(Blank):
    """The matrix of one gate, from the inputs (H, I) or from the state (H, H)."""

    @property
    def fan_out(self) -> int:
        return self.shape[0]

    @property
    def fan_in(self) -> int:
        return self.shape[1]


@dataclass(frozen=True, kw_only=True)
class BlankBiases(Blank):
    """The biases of all gates of a layer and direction (B·H,)."""

    gates: tuple[Gate, ...]
    #: Timesteps that the task needs the network to remember.
    longest_lag: int


@dataclass(frozen=True, kw_only=True)
class CellNeed:
    """What a cell must have for an initialisation to fit it."""

    #: Of the problem that the client is told of otherwise.
    code: str
    is_met: Callable[[CellCard], bool]


class Init(Spec):
    """What every kind states of itself; one that says nothing fits every cell."""

    need: ClassVar[CellNeed | None] = None
    #: torch has two biases. Most kinds fill `bias_ih` and leave `bias_hh` zero.
    fills_both_biases: ClassVar[bool] = False
    #: The biases of the forget gate are part of it, so that no default is added to them.
    sets_forget_biases: ClassVar[bool] = False

    @property
    def nominal_radius(self) -> float | None:
        """The spectral radius of a recurrent matrix that starts so; None where it is not fixed."""
        return None


class MatrixInit(Init):
    """A kind for matrices."""

    @abstractmethod
    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """Values of one gate's matrix, in double precision."""


class ScaledInit(MatrixInit):
    """A kind for matrices with a factor."""

    gain: Positive = 1.0


class DataDependentInit(MatrixInit):
    """A kind for recurrent matrices that are scaled once the data is known.

    The one exception to "a kind is a formula of its blank": the worker feeds a batch to the layers,
    from the bottom, and multiplies each layer's recurrent matrix by `gain`.
    """

    @abstractmethod
    def gain(self, *, nonlinearity: Nonlinearity, drive: float) -> float:
        """The factor; `drive` is the second moment of what enters the units from outside."""


class TensorInit(MatrixInit):
    """A kind for matrices and biases alike."""

    @abstractmethod
    def fill(self, blank: Blank, /) -> DoubleArray:
        """Values in double precision."""


class BiasesInit(Init):
    """A kind for biases."""

    @abstractmethod
    def fill(self, blank: BlankBiases, /) -> DoubleArray:
        """Values of the biases of all gates, in double precision."""
