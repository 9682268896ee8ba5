"""The backward recursion through a whole network: from the read-out down, layer by layer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from app.domain.scopes import Direction, Scope
from app.domain.telemetry import DoubleArray, IntArray, Path
from worker.cells.linearisation import Linearisation
from worker.models.layers import chunk_starts, reading_order, reorder
from worker.replay.adjoint import Injection, Scaled, Trace, add_scaled, propagate
from worker.replay.anchors import Anchors

LayerCells = tuple[Linearisation, ...]
#: Over the whole state or all gates; over h or c alone; each coordinate times its deviation.
NormVariant = Literal["whole", "hidden", "cell", "scaled"]


@dataclass(frozen=True, kw_only=True)
class ScopeTrace:
    """Logarithmic norms of one scope by lag; lags beyond an anchor's reach are NaN."""

    scope: Scope
    layer: int
    direction: Direction
    path: Path
    #: True where the layer's own recurrence is the only path, so that the trace before is the same.
    is_same_as_total: bool = False
    #: What the columns Q are norms of.
    variants: tuple[NormVariant, ...]
    log_norm_NLQ: DoubleArray
    #: Largest lag within each anchor's sequence.
    reach_N: IntArray


@dataclass(frozen=True, kw_only=True)
class AnchorReplay:
    """One block of sequences, replayed and ready to be followed back."""

    #: Bottom layer first, each by direction.
    stack: tuple[LayerCells, ...]
    anchors: Anchors
    #: (N, D·H) gradient at the input of the read-out.
    readout_gradient_ND: Tensor
    many_to_one: bool
    #: Standard deviation of each state coordinate over the sample, per layer and direction.
    deviations: tuple[tuple[Tensor, ...], ...]
    #: Timesteps through which the gradient flows back; None means all.
    bptt_length: int | None = None

    def position(self, cell: Linearisation) -> Tensor:
        return self.anchors.reading_position(cell.states.direction, many_to_one=self.many_to_one)

    def cuts(self, cell: Linearisation) -> Collection[int]:
        """Returns the reading positions that get their state without its gradient."""
        if self.bptt_length is None:
            return ()
        num_timesteps = cell.states.hidden_PBH.shape[0]
        return chunk_starts(num_timesteps, self.bptt_length, direction=cell.states.direction)

    def anchor_order(self) -> Tensor:
        num_timesteps = self.stack[0][0].states.hidden_PBH.shape[0]
        return reading_order(self.anchors.length_N, num_timesteps)


def trace_scopes(replay: AnchorReplay) -> tuple[ScopeTrace, ...]:
    """`model` first, then each layer and direction: the total, and its own recurrence alone."""
    by_level: list[list[ScopeTrace]] = []
    entering: list[Scaled] | None = None
    vertical = _readout_halves(replay)
    totals: list[Trace] = []
    for level in reversed(range(len(replay.stack))):
        within = [_trace_within(replay, level, d, vertical[d]) for d in range(len(vertical))]
        totals = within if entering is None else _trace_totals(replay, level, entering)
        by_level.append(_layer_scopes(replay, level, totals, within))
        if level > 0:
            entering = descend(replay, level, totals)
            vertical = _descend_at_start(replay.stack[level], within)
    from_bottom = [scope for level in reversed(by_level) for scope in level]
    return (_model_scope(replay, totals), *from_bottom)


def norm_variants(cell: Linearisation) -> tuple[NormVariant, ...]:
    has_cell = cell.state_size > cell.weights.hidden_size
    return ("whole", "scaled", "hidden", "cell") if has_cell else ("whole", "scaled")


def norm_weights(cell: Linearisation, deviation_S: Tensor) -> Tensor:
    """(S, Q) weight of each coordinate's square in each variant of the norm."""
    is_hidden_S = (
        torch.arange(cell.state_size, device=deviation_S.device) < cell.weights.hidden_size
    )
    weights: dict[NormVariant, Tensor] = {
        "whole": torch.ones_like(deviation_S),
        "scaled": deviation_S.square(),
        "hidden": is_hidden_S.double(),
        "cell": (~is_hidden_S).double(),
    }
    return torch.stack([weights[variant] for variant in norm_variants(cell)], dim=1)


def _readout_halves(replay: AnchorReplay) -> list[Scaled]:
    halves = replay.readout_gradient_ND.chunk(len(replay.stack[-1]), dim=-1)
    return [Scaled(mantissa=half, log_scale=half.new_zeros(half.shape[0])) for half in halves]


def _trace_within(replay: AnchorReplay, level: int, d: int, at_start: Scaled) -> Trace:
    cell = replay.stack[level][d]
    injection = Injection(
        sequence_N=replay.anchors.sequence_N, start_N=replay.position(cell), at_start=at_start
    )
    is_top = level == len(replay.stack) - 1
    return propagate(
        cell,
        injection,
        norm_weights_SQ=norm_weights(cell, replay.deviations[level][d]),
        keep_gates=is_top and level > 0,
        cuts=replay.cuts(cell),
    )


def _trace_totals(replay: AnchorReplay, level: int, entering: list[Scaled]) -> list[Trace]:
    """Traces of the gradient from the layer above, which enters at every timestep.

    From a bidirectional layer it enters even after the anchor.
    """
    is_two_way = len(replay.stack[level]) == 2  # noqa: PLR2004 - two directions
    traces = []
    for d, cell in enumerate(replay.stack[level]):
        injection = Injection(
            sequence_N=replay.anchors.sequence_N,
            start_N=replay.anchors.length_N - 1 if is_two_way else replay.position(cell),
            everywhere=entering[d],
        )
        weights_SQ = norm_weights(cell, replay.deviations[level][d])
        traces.append(
            propagate(
                cell,
                injection,
                norm_weights_SQ=weights_SQ,
                keep_gates=level > 0,
                cuts=replay.cuts(cell),
            )
        )
    return traces


def descend(replay: AnchorReplay, level: int, totals: Sequence[Trace]) -> list[Scaled]:
    """Gradient at the outputs of the layer below, per direction in its own reading order."""
    order_TN = replay.anchor_order()
    below: Scaled | None = None
    for cell, trace in zip(replay.stack[level], totals, strict=True):
        if trace.gates is None:
            msg = "the recursion above the bottom layer keeps its gates"
            raise ValueError(msg)
        part = Scaled(
            mantissa=trace.gates.mantissa @ cell.weights.input_GI, log_scale=trace.gates.log_scale
        )
        if cell.states.direction == "reverse":
            part = _reordered(part, order_TN)
        below = part if below is None else add_scaled(below, part)
    if below is None:
        return []
    halves = below.mantissa.chunk(len(replay.stack[level - 1]), dim=-1)
    parts = [Scaled(mantissa=half, log_scale=below.log_scale) for half in halves]
    return [
        _reordered(part, order_TN) if cell.states.direction == "reverse" else part
        for cell, part in zip(replay.stack[level - 1], parts, strict=True)
    ]


def _reordered(values: Scaled, order_TN: Tensor) -> Scaled:
    return Scaled(
        mantissa=reorder(values.mantissa, order_TN),
        log_scale=values.log_scale.gather(0, order_TN),
    )


def _descend_at_start(cells: LayerCells, within: Sequence[Trace]) -> list[Scaled]:
    """Gradient at the anchor's timestep in the layer below, within each direction."""
    entering = []
    for d, (cell, trace) in enumerate(zip(cells, within, strict=True)):
        columns_GH = cell.weights.input_GI.chunk(len(cells), dim=-1)[d]
        mantissa = trace.first_gates.mantissa @ columns_GH
        entering.append(Scaled(mantissa=mantissa, log_scale=trace.first_gates.log_scale))
    return entering


def _layer_scopes(
    replay: AnchorReplay, level: int, totals: Sequence[Trace], within: Sequence[Trace]
) -> list[ScopeTrace]:
    scopes = []
    for cell, total, alone in zip(replay.stack[level], totals, within, strict=True):
        scopes.append(_layer_scope(replay, cell, total, path="total"))
        own = _layer_scope(replay, cell, alone, path="within_layer")
        scopes.append(replace(own, is_same_as_total=alone is total))
    return scopes


def _layer_scope(
    replay: AnchorReplay, cell: Linearisation, trace: Trace, *, path: Path
) -> ScopeTrace:
    """Lags of a reverse direction are counted the way it reads, from its own last state."""
    return ScopeTrace(
        scope=cell.states.scope,
        layer=cell.states.layer,
        direction=cell.states.direction,
        path=path,
        variants=norm_variants(cell),
        log_norm_NLQ=_by_lag(trace.log_norm_PNQ, replay.position(cell)),
        reach_N=replay.position(cell).to(torch.int32).cpu().numpy(),
    )


def _model_scope(replay: AnchorReplay, totals: Sequence[Trace]) -> ScopeTrace:
    """At the bottom layer's gates, both directions, by natural lag from the anchor."""
    parts_TN = []
    for cell, trace in zip(replay.stack[0], totals, strict=True):
        log_TN = trace.log_gate_norm_PN
        is_reverse = cell.states.direction == "reverse"
        parts_TN.append(log_TN.gather(0, replay.anchor_order()) if is_reverse else log_TN)
    log_norm_TN = 0.5 * torch.logsumexp(2 * torch.stack(parts_TN), dim=0)
    origin_N = replay.anchors.timestep_N
    return ScopeTrace(
        scope=Scope.model(),
        layer=0,
        direction="forward",
        path="total",
        variants=("whole",),
        log_norm_NLQ=_by_lag(log_norm_TN[:, :, None], origin_N),
        reach_N=origin_N.to(torch.int32).cpu().numpy(),
    )


def _by_lag(log_norm_PNQ: Tensor, origin_N: Tensor) -> DoubleArray:
    num_timesteps = log_norm_PNQ.shape[0]
    lag_L1 = torch.arange(num_timesteps, device=origin_N.device)[:, None]
    position_LN = origin_N - lag_L1
    by_lag_LNQ = reorder(log_norm_PNQ, position_LN.clamp(min=0))
    by_lag_LNQ[position_LN < 0] = float("nan")
    result: DoubleArray = np.ascontiguousarray(by_lag_LNQ.transpose(0, 1).cpu().numpy())
    return result
