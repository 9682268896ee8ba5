"""What every recurrent cell states of itself: its fields, and its card.

A cell has B blocks of weights, one a gate, or one alone where it has no gates. Its input side is
`weight_ih` x + `bias_ih`, its recurrent side `weight_hh` h + `bias_hh`, each with B · H rows for H
units; the blocks stand in the order of the card's gates.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from app.domain.specs.base import Flag, Fraction, Integer, Spec

Nonlinearity = Literal["tanh", "relu", "linear"]
#: Name, in the equations, of the one block of a cell without gates.
ONLY_BLOCK = "state"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One block of weights with an activation of its own."""

    name: str
    #: Values of a sigmoid lie between 0 and 1, those of a tanh between -1 and 1.
    activation: Literal["sigmoid", "tanh"] = "sigmoid"
    #: At 1 the unit keeps its state. A chrono bias starts it at ln u.
    keeps_state: bool = False
    #: At 0 nothing new enters the unit's state. A chrono bias starts it at -ln u.
    admits_input: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One timestep as data, so that a program without this service can compute it."""

    #: The class of torch.nn that computes the cell; None where torch has none.
    module: str | None
    #: Its keyword arguments beside the sizes.
    arguments: Mapping[str, str] = field(default_factory=dict)
    #: `name = expression`, in order, with + - * / and sigmoid, tanh, relu. `x_<block>` and
    #: `h_<block>` are the input side and the recurrent side of a block, the names of the card's
    #: `state` its values before the timestep and, once they are assigned, after it.
    equations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CellCard:
    """What is known of a cell whatever its size."""

    #: In the order of the rows of the weights.
    gates: tuple[Gate, ...] = ()
    #: What is carried from timestep to timestep; the first one is h, the output.
    state: tuple[str, ...] = ("h",)
    #: Values of one unit at one timestep that the backward pass needs: gates and states.
    values_kept: int
    #: Seconds of one timestep of one layer and direction, forward and backward, beside its
    #: arithmetic, on one core of an ordinary CPU.
    overhead_s: float
    #: Name of the gate whose biases `init.forget_bias` sets.
    forget_gate: str | None = None
    #: The mean-field theory of `init.recurrent: critical` holds for it.
    has_critical_gain: bool = False

    @property
    def blocks(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in self.gates) or (ONLY_BLOCK,)

    @property
    def keeps_state(self) -> bool:
        """Some gate keeps the state, so that a chrono bias can give it time constants."""
        return any(gate.keeps_state for gate in self.gates)

    def num_parameters(self, *, input_size: int, hidden_size: int) -> int:
        """Of one direction of one layer: two matrices and two biases a block."""
        return len(self.blocks) * hidden_size * (input_size + hidden_size + 2)


class RecurrentSpec(Spec):
    """The fields that all cells have."""

    card: ClassVar[CellCard]

    hidden_size: Integer = Field(default=64, ge=1, le=8192)
    """Units per layer and direction."""
    num_layers: Integer = Field(default=1, ge=1, le=64)
    bidirectional: Flag = False
    dropout: Fraction = 0.0
    """Probability of zeroing an element between layers."""

    @property
    def nonlinearity(self) -> Nonlinearity:
        """What bounds a unit's output."""
        return "tanh"

    @property
    @abstractmethod
    def recipe(self) -> Recipe:
        """How this cell computes one timestep."""
