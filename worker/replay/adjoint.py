"""Backward recursion of one direction of one layer, for many anchors, renormalised as it goes.

An adjoint is kept as mantissa × exp(log scale) per (timestep, anchor): a gradient of 1e-400 keeps
its direction and its size. Norms lose a part that is more than 150 decades below the largest
coordinate of the same state.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.cells.linearisation import Linearisation

Rows = Tensor | slice
#: Keeps an exact zero from being divided by zero.
SMALLEST = 5e-324


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """mantissa × exp(log scale), the scale per row; exact zeros have scale −inf."""

    mantissa: Tensor
    log_scale: Tensor

    def plain(self) -> Tensor:
        return self.mantissa * self.log_scale.exp()[..., None]


@dataclass(frozen=True, kw_only=True)
class Injection:
    """Where the gradient enters: at one timestep of each anchor, or at all from the layer above."""

    #: Sequence of each anchor.
    sequence_N: Tensor
    #: Last timestep in reading order at which an anchor's gradient is not zero.
    start_N: Tensor
    #: (N, H) at `start_N` alone.
    at_start: Scaled | None = None
    #: (P, N, H) at each timestep.
    everywhere: Scaled | None = None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The results of one recursion: anchors in the caller's order, timesteps in reading order."""

    #: Logarithmic norm of ∂ℓ/∂s per variant of the norm, −inf before an anchor starts.
    log_norm_PNQ: Tensor
    #: Logarithmic norm at the input side's gate pre-activations.
    log_gate_norm_PN: Tensor
    #: (N, G) at each anchor's start.
    first_gates: Scaled
    #: (P, N, G), where asked for.
    gates: Scaled | None


def add_scaled(first: Scaled, second: Scaled) -> Scaled:
    log_scale = torch.maximum(first.log_scale, second.log_scale)
    reference = torch.where(log_scale.isinf(), 0.0, log_scale)
    mantissa = first.mantissa * (first.log_scale - reference).exp()[..., None]
    mantissa = mantissa + second.mantissa * (second.log_scale - reference).exp()[..., None]
    return Scaled(mantissa=mantissa, log_scale=log_scale)


def normalised(values: Scaled) -> Scaled:
    """Each row's largest coordinate brought to 1; squares of small numbers would underflow."""
    peak = values.mantissa.abs().amax(dim=-1, keepdim=True)
    return Scaled(
        mantissa=values.mantissa / peak.clamp(min=SMALLEST),
        log_scale=values.log_scale + peak[..., 0].log(),
    )


def propagate(
    cell: Linearisation,
    injection: Injection,
    *,
    norm_weights_SQ: Tensor,
    keep_gates: bool = False,
    cuts: Collection[int] = (),
) -> Trace:
    """Trace of one recursion; variant q of the norm is sqrt(Σ_s weights[s, q] · adjoint_s²).

    `cuts` are the reading positions that get their state without its gradient: nothing passes from
    them to the position before.
    """
    order_N = torch.argsort(injection.start_N, descending=True, stable=True)
    recursion = _Recursion(cell, injection, order_N, norm_weights_SQ, keep_gates=keep_gates)
    for p in reversed(range(recursion.num_timesteps)):
        recursion.step_back(p)
        if p in cuts:
            recursion.cut()
    return recursion.trace()


class _Recursion:
    """The recursion with anchors sorted by start: those that have started are the first rows."""

    def __init__(
        self,
        cell: Linearisation,
        injection: Injection,
        order_N: Tensor,
        norm_weights_SQ: Tensor,
        *,
        keep_gates: bool,
    ) -> None:
        self._cell, self._order_N, self._weights_SQ = cell, order_N, norm_weights_SQ
        start, everywhere = injection.at_start, injection.everywhere
        self._start = None if start is None else _take(start, order_N, dim=0)
        self._everywhere = None if everywhere is None else _take(everywhere, order_N, dim=1)
        self._enters_P = [] if everywhere is None else _has_entry(everywhere)
        self.num_timesteps = cell.states.hidden_PBH.shape[0]
        self._num_under_way = _count_under_way(injection.start_N, self.num_timesteps)
        self._sequence_N = injection.sequence_N[order_N]
        batch_size = cell.states.hidden_PBH.shape[1]
        identity_B = torch.arange(batch_size, device=order_N.device)
        self._is_one_anchor_a_sequence = torch.equal(self._sequence_N, identity_B)
        self._allocate(keep_gates=keep_gates)

    def _allocate(self, *, keep_gates: bool) -> None:
        num_timesteps, num_anchors = self.num_timesteps, self._order_N.shape[0]
        like = self._weights_SQ
        num_gates = self._cell.weights.recurrent_GH.shape[0]
        no_norm = float("-inf")
        self._squared_PNQ = like.new_zeros(num_timesteps, num_anchors, like.shape[1])
        self._gate_norm_PN = like.new_zeros(num_timesteps, num_anchors)
        self._log_scale_PN = like.new_full((num_timesteps, num_anchors), no_norm)
        self._first_NG = like.new_zeros(num_anchors, num_gates)
        self._first_scale_N = like.new_full((num_anchors,), no_norm)
        kept = num_timesteps if keep_gates else 0
        self._gates_PNG = like.new_zeros(kept, num_anchors, num_gates)
        self._adjoint = Scaled(
            mantissa=like.new_zeros(0, self._cell.state_size), log_scale=like.new_zeros(0)
        )

    def step_back(self, p: int) -> None:
        before, active = self._adjoint.mantissa.shape[0], self._num_under_way[p]
        if active == 0:
            return
        adjoint = normalised(self._inject(p, before, active))
        rows = self._rows(active)
        gates_NG, previous_NS = self._cell.backward(p, rows, adjoint.mantissa)
        self._record(p, adjoint, gates_NG)
        if active > before:
            self._first_NG[before:active] = gates_NG[before:]
            self._first_scale_N[before:active] = adjoint.log_scale[before:]
        self._adjoint = Scaled(mantissa=previous_NS, log_scale=adjoint.log_scale)

    def cut(self) -> None:
        """Makes the adjoint exactly 0, as if the state had been read without its gradient."""
        self._adjoint = Scaled(
            mantissa=torch.zeros_like(self._adjoint.mantissa),
            log_scale=torch.full_like(self._adjoint.log_scale, float("-inf")),
        )

    def _rows(self, active: int) -> Rows:
        return slice(active) if self._is_one_anchor_a_sequence else self._sequence_N[:active]

    def _inject(self, p: int, before: int, active: int) -> Scaled:
        """The adjoint with the gradient that enters at timestep p."""
        if active > before:
            self._adjoint = self._grown(before, active)
        if self._everywhere is None or not self._enters_P[p]:
            return self._adjoint
        entering = Scaled(
            mantissa=self._on_state(self._everywhere.mantissa[p, :active]),
            log_scale=self._everywhere.log_scale[p, :active],
        )
        return add_scaled(self._adjoint, entering)

    def _grown(self, before: int, active: int) -> Scaled:
        if self._start is None:
            mantissa = self._adjoint.mantissa.new_zeros(active - before, self._cell.state_size)
            log_scale = self._adjoint.log_scale.new_full((active - before,), float("-inf"))
        else:
            mantissa = self._on_state(self._start.mantissa[before:active])
            log_scale = self._start.log_scale[before:active]
        return Scaled(
            mantissa=torch.cat([self._adjoint.mantissa, mantissa]),
            log_scale=torch.cat([self._adjoint.log_scale, log_scale]),
        )

    def _on_state(self, hidden_NH: Tensor) -> Tensor:
        """A gradient at h as one at the whole state: zero at c."""
        if hidden_NH.shape[1] == self._cell.state_size:
            return hidden_NH
        return torch.cat([hidden_NH, torch.zeros_like(hidden_NH)], dim=1)

    def _record(self, p: int, adjoint: Scaled, gates_NG: Tensor) -> None:
        """Store squared norms; their logarithms are taken at the end, all at once."""
        active = gates_NG.shape[0]
        squared_NQ = self._squared_PNQ[p, :active]
        torch.mm(adjoint.mantissa.square(), self._weights_SQ, out=squared_NQ)
        torch.linalg.vector_norm(gates_NG, dim=1, out=self._gate_norm_PN[p, :active])
        self._log_scale_PN[p, :active] = adjoint.log_scale
        if self._gates_PNG.shape[0]:
            self._gates_PNG[p, :active] = gates_NG

    def trace(self) -> Trace:
        back_N = torch.argsort(self._order_N)
        log_scale_PN = self._log_scale_PN
        log_norm_PNQ = 0.5 * self._squared_PNQ.log() + log_scale_PN[:, :, None]
        log_gate_norm_PN = self._gate_norm_PN.log() + log_scale_PN
        gates = Scaled(mantissa=self._gates_PNG, log_scale=log_scale_PN)
        first = Scaled(mantissa=self._first_NG, log_scale=self._first_scale_N)
        return Trace(
            log_norm_PNQ=log_norm_PNQ[:, back_N],
            log_gate_norm_PN=log_gate_norm_PN[:, back_N],
            first_gates=_take(first, back_N, dim=0),
            gates=_take(gates, back_N, dim=1) if self._gates_PNG.shape[0] else None,
        )


def _take(values: Scaled, index_N: Tensor, *, dim: int) -> Scaled:
    return Scaled(
        mantissa=values.mantissa.index_select(dim, index_N),
        log_scale=values.log_scale.index_select(dim, index_N),
    )


def _has_entry(entering: Scaled) -> list[bool]:
    """By timestep: whether a gradient other than exact zeros enters."""
    has_entry_P = (entering.log_scale != float("-inf")).any(dim=1)
    return [bool(entry) for entry in has_entry_P.cpu()]


def _count_under_way(start_N: Tensor, num_timesteps: int) -> list[int]:
    started_P = torch.bincount(start_N.cpu(), minlength=num_timesteps)
    under_way_P = started_P.flip(0).cumsum(0).flip(0)
    return [int(count) for count in under_way_P]
