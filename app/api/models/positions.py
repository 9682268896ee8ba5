"""The training gradient over position as clients see it: one row a probe, one column a timestep."""

from collections.abc import Sequence

from app.api.models.curves import count_rows, log10_row, log10_rows
from app.api.models.view import View
from app.domain.telemetry import Direction, PositionProfile


class PositionFlowView(View):
    """One layer and direction over the probes; all lists but `timesteps` have one entry a probe.

    A flat total says nothing of credit: every timestep's own loss refreshes it. What arrives from
    later timesteps is what the total has beyond the immediate part.
    """

    scope: str
    """`layer:0`, `layer:0/reverse`."""
    layer: int
    """Counted from 0 at the input."""
    direction: Direction
    """In which the layer reads its sequence; positions count from the sequence's beginning."""
    steps: list[int]
    """Optimizer steps that the probes were taken at."""
    timesteps: list[int]
    """Positions in the sequence, in timesteps from its beginning: the columns of the rows."""
    log10_hidden_grad_norm: list[list[float | None]]
    """Base-10 logarithm of the RMS over sequences of ||dL/dh_t||, in loss per unit of state: the
    whole gradient, through every later timestep and upper layer. Null where it is exactly 0."""
    log10_immediate_grad_norm: list[list[float | None]]
    """The same of the part that enters at the timestep itself, from the read-out or from the layer
    above. Null where it is exactly 0."""
    log10_cell_grad_norm: list[list[float | None]] | None
    """The same of ||dL/dc_t||, of an lstm's cell state, which no loss reads directly; null for
    other cells."""
    num_sequences: list[list[int]]
    """Sequences of the sample that are longer than the timestep."""


def view_positions(profiles: Sequence[PositionProfile]) -> list[PositionFlowView]:
    """From the bottom layer up, forward before reverse."""
    groups: dict[tuple[int, str, str], list[PositionProfile]] = {}
    for one in profiles:
        groups.setdefault((one.layer, one.direction, one.scope), []).append(one)
    return [_view(groups[key]) for key in sorted(groups)]


def _view(profiles: Sequence[PositionProfile]) -> PositionFlowView:
    first = profiles[0]
    length = max(one.log_hidden_T.size for one in profiles)
    return PositionFlowView(
        scope=first.scope,
        layer=first.layer,
        direction=first.direction,
        steps=[one.step for one in profiles],
        timesteps=list(range(length)),
        log10_hidden_grad_norm=[log10_row(one.log_hidden_T, length) for one in profiles],
        log10_immediate_grad_norm=[log10_row(one.log_immediate_T, length) for one in profiles],
        log10_cell_grad_norm=log10_rows([one.log_cell_T for one in profiles], length),
        num_sequences=count_rows([one.num_sequences_T for one in profiles], length),
    )
