"""What every recurrent cell declares: its fields and its card.

A cell has B blocks of weights, one for each gate, or a single one if it has no gates. Its input
side is `weight_ih` x + `bias_ih`, its recurrent side is `weight_hh` h + `bias_hh`, each with B · H
rows for H units. The blocks are in the order of the card's gates.
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
    """One block of weights with its own activation."""

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

    #: The class of torch.nn that computes the cell; None if torch has none.
    module: str | None
    #: Its keyword arguments, except the sizes.
    arguments: Mapping[str, str] = field(default_factory=dict)
    #: `name = expression`, in order, with + - * / and sigmoid, tanh, relu. `x_<block>` and
    #: `h_<block>` are the input side and the recurrent side of a block. The names in the card's
    #: `state` are the values before the timestep and, after their assignment, those after it.
    equations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CellCard:
    """All that is known of a cell independently of its size."""

    #: In the order of the rows of the weights.
    gates: tuple[Gate, ...] = ()
    #: The values that are passed from timestep to timestep; the first one is h, the output.
    state: tuple[str, ...] = ("h",)
    #: Values of one unit at one timestep that the backward pass needs: gates and states.
    values_kept: int
    #: Seconds of one timestep of one layer and direction, forward and backward, in addition to its
    #: arithmetic, on one core of an ordinary CPU.
    overhead_s: float
    #: Name of the gate whose biases `init.forget_bias` sets.
    forget_gate: str | None = None
    #: True if the mean-field theory of `init.recurrent: critical` applies to it.
    has_critical_gain: bool = False

    @property
    def blocks(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in self.gates) or (ONLY_BLOCK,)

    @property
    def keeps_state(self) -> bool:
        """Whether a gate keeps the state, so that a chrono bias can set its time constants."""
        return any(gate.keeps_state for gate in self.gates)

    def num_parameters(self, *, input_size: int, hidden_size: int) -> int:
        """Returns the number for one direction of a layer: two matrices and two biases a block."""
        return len(self.blocks) * hidden_size * (input_size + hidden_size + 2)


class RecurrentSpec(Spec):
    """The base of all cells, with their common fields."""

    card: ClassVar[CellCard]

    hidden_size: Integer = Field(default=64, ge=1, le=8192)
    """Units per layer and direction."""
    num_layers: Integer = Field(default=1, ge=1, le=64)
    """Layers, one above the other."""
    bidirectional: Flag = False
    """Whether a second network reads each sequence from its end."""
    dropout: Fraction = 0.0
    """Probability of zeroing an element between layers."""

    @property
    def nonlinearity(self) -> Nonlinearity:
        """The function that gives the output of a unit."""
        return "tanh"

    @property
    @abstractmethod
    def recipe(self) -> Recipe:
        """How this cell computes one timestep."""
