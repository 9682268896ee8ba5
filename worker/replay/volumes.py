"""How one timestep scales the volume of the state: the factors that ln|det J| has in closed form.

elman  J = diag(φ') W: ln|det J| = Σ ln φ' + ln|det W|.
lstm   the rows of h less κ times those of c leave J block-triangular:
       ln|det J| = Σ ln f + Σ ln o(1−o) + Σ ln|tanh c'| + ln|det W_o|.
gru    J = diag(z) (1 + …): Σ ln z is a factor, its matrices enter a sum and have none of their own.

The factors are exact where a factorisation of J itself would lose them: 1e-26 of a shut gate is
nothing beside the other rows of J.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.replay.cells import Linearisation
from worker.replay.elman import ElmanLinearisation
from worker.replay.gru import GruLinearisation
from worker.replay.lstm import LstmLinearisation


@dataclass(frozen=True, kw_only=True)
class VolumeFactors:
    """Logarithms that add up to ln|det J|, but for a GRU's remainder."""

    #: ln|det| of the recurrent matrix; None where it is no factor.
    recurrent: float | None
    #: (P, B, H) of the activation's slope, or of what the activation lets through.
    activation_PBH: Tensor | None
    #: By name of the gate, (P, B, H).
    gates: Mapping[str, Tensor]
    #: They are all that the determinant is made of.
    is_complete: bool = True


def volume_factors(cell: Linearisation) -> VolumeFactors:
    match cell:
        case ElmanLinearisation():
            return VolumeFactors(
                recurrent=_log_abs_det(cell.weights.recurrent_GH),
                activation_PBH=cell.slope_PBH.log(),
                gates={},
            )
        case GruLinearisation():
            return VolumeFactors(
                recurrent=None,
                activation_PBH=None,
                gates={"update": cell.update_PBH.log()},
                is_complete=False,
            )
        case LstmLinearisation():
            return _of_lstm(cell)
        case _:
            raise TypeError(cell)


def _of_lstm(cell: LstmLinearisation) -> VolumeFactors:
    """o(1−o) comes out of its product with tanh c', which is exact where o rounds to 1."""
    activation_PBH = cell.cell_PBH.tanh().abs().log()
    read_PBH = cell.factors_PBG.chunk(4, dim=-1)[3].abs().log()
    return VolumeFactors(
        recurrent=_log_abs_det(cell.weights.recurrent_GH.chunk(4)[3]),
        activation_PBH=activation_PBH,
        gates={"forget": cell.forget_PBH.log(), "output": read_PBH - activation_PBH},
    )


def _log_abs_det(matrix: Tensor) -> float:
    """−inf where it is singular."""
    return float(torch.linalg.slogdet(matrix).logabsdet)
