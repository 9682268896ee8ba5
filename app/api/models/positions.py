"""Views of the training gradient over positions: one row per probe, one column per timestep."""

from collections.abc import Sequence

from app.api.models.curves import columns_of, count_rows, log10_row, log10_rows
from app.api.models.view import View
from app.domain.scopes import Direction
from app.domain.telemetry import PositionProfile


class PositionFlowView(View):
    """One layer and direction over the probes. Lists except `timesteps` have one entry per probe.

    A flat total does not show that credit reaches back, since the loss of each timestep adds to it.
    The difference between the total and the immediate part comes from later timesteps.
    """

    scope: str
    """`layer:0`, `layer:0/reverse`."""
    layer: int
    """Counted from 0 at the input."""
    direction: Direction
    """In which the layer reads the sequence. Positions count from the beginning of the sequence."""
    steps: list[int]
    """Optimizer steps of the probes."""
    timesteps: list[int]
    """Positions in the sequence, in timesteps from its beginning: the columns of the rows. All, or
    2,000 evenly spaced ones where there are more."""
    log10_hidden_grad_norm: list[list[float | None]]
    """Base-10 logarithm of the RMS over sequences of ||dL/dh_t||, in loss per unit of state: the
    total gradient, through all later timesteps and upper layers. Null where it is exactly 0."""
    log10_immediate_grad_norm: list[list[float | None]]
    """The same for the part that enters at the timestep itself, from the read-out or the layer
    above. Null where it is exactly 0."""
    log10_cell_grad_norm: list[list[float | None]] | None
    """The same for ||dL/dc_t|| of an lstm's cell state, which no loss reads directly. Null for
    other cells."""
    num_sequences: list[list[int]]
    """Number of sequences of the sample that have this timestep."""


def view_positions(profiles: Sequence[PositionProfile]) -> list[PositionFlowView]:
    """One view per layer and direction: from the bottom layer up, forward before reverse."""
    groups: dict[tuple[int, str, str], list[PositionProfile]] = {}
    for one in profiles:
        groups.setdefault((one.layer, one.direction, str(one.scope)), []).append(one)
    return [_view(groups[key]) for key in sorted(groups)]


def _view(profiles: Sequence[PositionProfile]) -> PositionFlowView:
    first = profiles[0]
    timesteps = columns_of(max(one.log_hidden_T.size for one in profiles))
    return PositionFlowView(
        scope=str(first.scope),
        layer=first.layer,
        direction=first.direction,
        steps=[one.step for one in profiles],
        timesteps=timesteps,
        log10_hidden_grad_norm=[log10_row(one.log_hidden_T, timesteps) for one in profiles],
        log10_immediate_grad_norm=[log10_row(one.log_immediate_T, timesteps) for one in profiles],
        log10_cell_grad_norm=log10_rows([one.log_cell_T for one in profiles], timesteps),
        num_sequences=count_rows([one.num_sequences_T for one in profiles], timesteps),
    )
