"""GRU timestep as torch computes it, in closed form.

h' = (1−z)n + zh, n = tanh(W_n x + b_in + r·u), u = U_n h + b_hn; torch's z keeps, the papers' z
replaces. J = diag(z) + diag((h−n)z(1−z))U_z + diag((1−z)(1−n²))[diag(r)U_n + diag(u r(1−r))U_r].

Shapes: P timesteps in the order in which a direction reads them, B sequences, N anchors, I inputs,
H hidden units, G = 3H, S = H.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from app.domain.specs.model.gru import GruSpec
from worker.cells.kernels import kernel_arguments
from worker.cells.layer import CellLayers, Layer, State
from worker.cells.linearisation import VolumeFactors
from worker.cells.slopes import tanh_slope
from worker.cells.states import DirectionStates, RecurrentWeights


class GruLayer(nn.GRU, Layer):
    """The module of torch."""

    card: ClassVar = GruSpec.card

    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        out_PBH, h_1BH = torch.gru(x_PBI, state[0], *kernel_arguments(self, suffix))
        return out_PBH, (h_1BH,)

    def linearise(self, states: DirectionStates) -> "GruLinearisation":
        return linearise_gru(states)


@dataclass(frozen=True, kw_only=True)
class GruLinearisation:
    states: DirectionStates
    #: Activations, in torch's order: reset, update, new.
    gates_PBG: Tensor
    #: Views of the reset and the update gate.
    reset_PBH: Tensor
    update_PBH: Tensor
    #: ∂h'/∂ gate pre-activations (reset, update, new) on the input side.
    factors_PBG: Tensor

    @property
    def state_size(self) -> int:
        return self.states.weights.hidden_size

    @property
    def weights(self) -> RecurrentWeights:
        return self.states.weights

    @property
    def state_parts(self) -> tuple[Tensor, ...]:
        return (self.states.hidden_PBH,)

    def unit_slope(self) -> None:
        return None

    def first(self, count: int) -> Self:
        """The linearisation of the first `count` sequences."""
        return replace(
            self,
            states=self.states.first(count),
            gates_PBG=self.gates_PBG[:, :count],
            reset_PBH=self.reset_PBH[:, :count],
            update_PBH=self.update_PBH[:, :count],
            factors_PBG=self.factors_PBG[:, :count],
        )

    def gates(self) -> dict[str, Tensor]:
        """(P, B, H) each by name; an update gate of 1 keeps the state."""
        return dict(zip(GruSpec.card.blocks, self.gates_PBG.chunk(3, dim=-1), strict=True))

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient at the input side's pre-activations of timestep p and at the state before."""
        size = self.state_size
        factors_N3H = self.factors_PBG[p, rows].view(-1, 3, size)
        gates_NG = (factors_N3H * adjoint_NS[:, None]).view(-1, 3 * size)
        recurrent_NG = gates_NG.clone()
        recurrent_NG[:, 2 * size :].mul_(self.reset_PBH[p, rows])
        kept_NS = adjoint_NS * self.update_PBH[p, rows]
        return gates_NG, kept_NS.addmm_(recurrent_NG, self.weights.recurrent_GH)

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        """Change of the state after timestep p for a change of the state before it."""
        drive_NG = tangent_NS @ self.weights.recurrent_GH.T
        by_reset_NS, by_update_NS, by_new_NS = (drive_NG * self.factors_PBG[p, rows]).chunk(3, 1)
        kept_NS = tangent_NS * self.update_PBH[p, rows]
        return kept_NS + by_reset_NS + by_update_NS + by_new_NS * self.reset_PBH[p, rows]

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        """Gradient at W_hh h + b_hh: the rows of `new` are multiplied by the reset gate."""
        reset_PBG, update_PBG, new_PBG = gates_PBG.chunk(3, dim=-1)
        return torch.cat([reset_PBG, update_PBG, new_PBG * self.reset_PBH], dim=-1)

    def volume_factors(self) -> VolumeFactors:
        """J = diag(z) (1 + …): Σ ln z is a factor; the matrices enter a sum and have none."""
        return VolumeFactors(
            recurrent=None,
            activation_PBH=None,
            gates={"update": self.update_PBH.log()},
            is_complete=False,
            absent={
                "recurrent": "the recurrent matrices of a gru are no factor: see the residual",
                "activation": "the activation of a gru is no factor: see the residual",
            },
        )


def linearise_gru(states: DirectionStates) -> GruLinearisation:
    hidden_PBH = states.hidden_PBH
    gates_PBG = hidden_PBH.new_empty(*hidden_PBH.shape[:2], 3 * hidden_PBH.shape[2])
    reset_PBH, update_PBH, _ = gates_PBG.chunk(3, dim=-1)
    result = GruLinearisation(
        states=states,
        gates_PBG=gates_PBG,
        reset_PBH=reset_PBH,
        update_PBH=update_PBH,
        factors_PBG=torch.empty_like(gates_PBG),
    )
    for span in states.spans():
        _fill(result, span)
    return result


def _fill(result: GruLinearisation, span: slice) -> None:
    states, weights = result.states, result.weights
    size = weights.hidden_size
    previous_PBH = states.previous_PBH[span]
    drive_PBG = states.x_PBI[span] @ weights.input_GI.T + weights.input_bias_G
    from_state_PBG = previous_PBH @ weights.recurrent_GH.T + weights.recurrent_bias_G
    two_PBG = drive_PBG[..., : 2 * size].add_(from_state_PBG[..., : 2 * size])
    new_from_state_PBH = from_state_PBG[..., 2 * size :]
    reset_PBH, update_PBH, new_PBH = result.gates_PBG[span].chunk(3, dim=-1)
    by_reset_PBH, by_update_PBH, by_new_PBH = result.factors_PBG[span].chunk(3, dim=-1)
    torch.sigmoid(two_PBG, out=result.gates_PBG[span][..., : 2 * size])
    shut_PBH, replaced_PBH = two_PBG.neg_().sigmoid_().chunk(2, dim=-1)
    new_drive_PBH = drive_PBG[..., 2 * size :].addcmul_(reset_PBH, new_from_state_PBH)
    torch.tanh(new_drive_PBH, out=new_PBH)
    torch.mul(replaced_PBH, tanh_slope(new_drive_PBH), out=by_new_PBH)
    torch.mul(by_new_PBH, new_from_state_PBH, out=by_reset_PBH)
    by_reset_PBH.mul_(reset_PBH).mul_(shut_PBH)
    torch.sub(previous_PBH, new_PBH, out=by_update_PBH)
    by_update_PBH.mul_(update_PBH).mul_(replaced_PBH)


def _make(spec: GruSpec, input_size: int) -> Layer:
    return GruLayer(input_size, spec.hidden_size, bidirectional=spec.bidirectional)


GRU = CellLayers(spec=GruSpec, make=_make)
