"""The linearisation that belongs to a layer's states: one case a cell."""

from typing import Protocol, assert_never

from torch import Tensor

from worker.replay.elman import linearise_elman
from worker.replay.gru import linearise_gru
from worker.replay.lstm import linearise_lstm
from worker.replay.sample import Activation, CellKind
from worker.replay.states import DirectionStates, RecurrentWeights


class Linearisation(Protocol):
    """Everything the backward recursion needs of one direction of one layer, for all timesteps of a trajectory."""

    @property
    def states(self) -> DirectionStates: ...

    @property
    def weights(self) -> RecurrentWeights: ...

    @property
    def state_size(self) -> int: ...

    @property
    def states_PBS(self) -> Tensor: ...

    @property
    def gates(self) -> dict[str, Tensor]: ...

    def backward(
        self, p: int, rows: Tensor | slice, adjoint_NS: Tensor
    ) -> tuple[Tensor, Tensor]: ...

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
