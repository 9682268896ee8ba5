"""The linearisation that belongs to a layer's states: one case a cell."""

from typing import Protocol, assert_never

from torch import Tensor

from app.domain.telemetry import Direction
from worker.replay.elman import linearise_elman
from worker.replay.gru import gru_gates, linearise_gru
from worker.replay.lstm import linearise_lstm, lstm_gates
from worker.replay.sample import Activation, CellKind
from worker.replay.states import DirectionStates, RecurrentWeights

#: In torch's row order; an Elman cell's one matrix has no gate name.
GATE_NAMES: dict[CellKind, tuple[str | None, ...]] = {
    "elman": (None,),
    "gru": ("reset", "update", "new"),
    "lstm": ("input", "forget", "cell", "output"),
}


class Linearisation(Protocol):
    """What the backward recursion needs of one direction of one layer, for a whole trajectory."""

    @property
    def states(self) -> DirectionStates: ...

    @property
    def weights(self) -> RecurrentWeights: ...

    @property
    def state_size(self) -> int: ...

    @property
    def state_parts(self) -> tuple[Tensor, ...]: ...

    def backward(
        self, p: int, rows: Tensor | slice, adjoint_NS: Tensor
    ) -> tuple[Tensor, Tensor]: ...

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor: ...

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor: ...


def linearise(states: DirectionStates, kind: CellKind, activation: Activation) -> Linearisation:
    match kind:
        case "elman":
            return linearise_elman(states, activation)
        case "gru":
            return linearise_gru(states)
        case "lstm":
            return linearise_lstm(states)
        case _:
            assert_never(kind)


def gate_scope(layer: int, direction: Direction, name: str) -> str:
    return f"gate:{layer}/{name}" if direction == "forward" else f"gate:{layer}/reverse/{name}"


def named_gates(states: DirectionStates, kind: CellKind) -> dict[str, Tensor]:
    """Gates by the name they have in scopes; an Elman cell has none."""
    match kind:
        case "elman":
            return {}
        case "gru":
            return gru_gates(states)
        case "lstm":
            return lstm_gates(states)
        case _:
            assert_never(kind)
