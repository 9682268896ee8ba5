"""The linearisation that belongs to a layer's states: one case a cell."""

from typing import Protocol, Self, assert_never

from torch import Tensor

from app.domain.telemetry import Direction
from worker.replay.elman import linearise_elman
from worker.replay.gru import GRU_GATES, linearise_gru
from worker.replay.lstm import LSTM_GATES, linearise_lstm
from worker.replay.sample import Activation, CellKind
from worker.replay.states import DirectionStates, RecurrentWeights

#: In torch's row order; an Elman cell's one matrix has no gate name.
GATE_NAMES: dict[CellKind, tuple[str | None, ...]] = {
    "elman": (None,),
    "gru": GRU_GATES,
    "lstm": LSTM_GATES,
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

    def first(self, count: int) -> Self: ...

    def gates(self) -> dict[str, Tensor]: ...

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
