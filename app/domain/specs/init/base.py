"""The base of all initialisations: the tensor to fill, and the declarations of a kind.

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
    """A tensor to fill; all random numbers must come from its own generator."""

    shape: tuple[int, ...]
    #: H.
    hidden_size: int
    rng: np.random.Generator

    def uniform(self, bound: float) -> DoubleArray:
        """Returns values from U(-bound, bound)."""
        return self.rng.uniform(-bound, bound, self.shape)

    def normal(self, std: float) -> DoubleArray:
        """Returns values from N(0, std^2)."""
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
    """A property of cells that an initialisation requires."""

    #: Code of the problem if the cell lacks it.
    code: str
    is_met: Callable[[CellCard], bool]


class Init(Spec):
    """The declarations of every kind; one without a `need` fits every cell."""

    need: ClassVar[CellNeed | None] = None
    #: torch has two biases. Most kinds fill `bias_ih` and leave `bias_hh` zero.
    fills_both_biases: ClassVar[bool] = False
    #: True if it sets the biases of the forget gate, so that no default is added to them.
    sets_forget_biases: ClassVar[bool] = False

    @property
    def nominal_radius(self) -> float | None:
        """Spectral radius of a recurrent matrix with these values; None if it is not fixed."""
        return None


class MatrixInit(Init):
    """A kind for matrices."""

    @abstractmethod
    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """Returns the values of one gate's matrix, in double precision."""


class ScaledInit(MatrixInit):
    """A kind for matrices with a factor."""

    gain: Positive = 1.0
    """Factor of the matrix."""


class DataDependentInit(MatrixInit):
    """A kind for recurrent matrices whose scale depends on the data.

    After `fill`, the worker feeds a batch through the layers, from the lowest to the highest, and
    multiplies each layer's recurrent matrix by `gain`.
    """

    @abstractmethod
    def gain(self, *, nonlinearity: Nonlinearity, drive: float) -> float:
        """Returns the factor; `drive` is the second moment of the units' external input."""


class TensorInit(MatrixInit):
    """A kind for both matrices and biases."""

    @abstractmethod
    def fill(self, blank: Blank, /) -> DoubleArray:
        """Returns the values in double precision."""


class BiasesInit(Init):
    """A kind for biases."""

    @abstractmethod
    def fill(self, blank: BlankBiases, /) -> DoubleArray:
        """Returns the biases of all gates, in double precision."""
