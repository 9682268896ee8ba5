"""What training and the replay need of a layer of any cell.

Shapes: T timesteps, P timesteps in the order in which a direction reads them, B sequences,
I inputs, H hidden units, D directions.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from torch import Tensor, nn

from app.domain.specs.model.cell import CellCard, RecurrentSpec
from worker.cells.linearisation import Linearisation
from worker.cells.states import DirectionStates

#: Tensors (1, B, H), one for each state on the cell's card.
State = tuple[Tensor, ...]


class Layer(nn.Module, ABC):
    """One layer, which reads whole sequences by `layer(x_TBI)`: outputs (T, B, D·H), last state.

    Its parameters are `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`, and the same
    with `_reverse` where it is bidirectional, with blocks of H rows in the order of the card.
    """

    card: ClassVar[CellCard]
    hidden_size: int
    bidirectional: bool

    @abstractmethod
    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        """One direction (`suffix` is that of its parameters) from a given state.

        Returns its outputs (P, B, H) and the state after the last timestep.
        """

    @abstractmethod
    def linearise(self, states: DirectionStates) -> Linearisation:
        """The Jacobians of one direction's timesteps."""


def as_layer(module: nn.Module) -> Layer:
    """The same module, typed: `nn.ModuleList` has no type for its members. Raises TypeError."""
    if not isinstance(module, Layer):
        raise TypeError(type(module).__name__)
    return module


SpecT = TypeVar("SpecT", bound=RecurrentSpec)


@dataclass(frozen=True, kw_only=True)
class CellLayers(Generic[SpecT]):
    """The worker's half of a cell's card: its spec, and how a layer is made of it."""

    spec: type[SpecT]
    #: From the spec and the number of inputs.
    make: Callable[[SpecT, int], Layer]

    def layer_for(self, spec: RecurrentSpec, input_size: int) -> Layer | None:
        """A new layer; None if the spec is of another cell."""
        return self.make(spec, input_size) if isinstance(spec, self.spec) else None


class LayerMaker(Protocol):
    """`CellLayers` of any cell."""

    @property
    def spec(self) -> type[RecurrentSpec]: ...

    def layer_for(self, spec: RecurrentSpec, input_size: int) -> Layer | None: ...
