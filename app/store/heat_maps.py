"""Reads one curve of many probes, evenly spaced over a range, for a heat map.

Legend: P probes, T lags.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.domain.probe_selection import ProbeSelection
from app.domain.telemetry import Path
from app.store.database import BINARY_RESULTS
from app.store.step_ranges import steps_between
from app.store.tables import probe_readings

#: Numbers of curves that are in memory beside the heat map.
BLOCK_NUMBERS = 500_000
_TABLE = probe_readings
_COLUMNS = (
    _TABLE.c.step,
    _TABLE.c.log_norm,
    _TABLE.c.horizon,
    _TABLE.c.horizon_low,
    _TABLE.c.horizon_high,
    _TABLE.c.horizon_censored,
    _TABLE.c.horizon_threshold,
    _TABLE.c.ratio,
)


@dataclass(frozen=True, kw_only=True)
class FlowScope:
    """A scope and path whose gradient flow was measured."""

    scope: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """The gradient flow of one scope and path: a row a probe, a column a lag."""

    #: (P,) ascending.
    steps_P: NDArray[np.int64]
    #: (T,) ascending.
    lags_T: NDArray[np.int64]
    #: (P, T) natural logarithm; -inf: exactly 0; inf: infinite or NaN; NaN: past the end of a
    #: sequence.
    log_norm_PT: NDArray[np.float64]
    #: (P,) how far the gradient reaches, in timesteps, with the ends of its interval.
    horizon_P: NDArray[np.float64]
    horizon_low_P: NDArray[np.float64]
    horizon_high_P: NDArray[np.float64]
    #: (P,) the horizon is at least that long.
    is_censored_P: NDArray[np.bool_]
    #: (P,) share of the norm at lag 0 below which the gradient does not reach.
    threshold_P: NDArray[np.float64]
    #: (P,) norm at the required lag / norm at lag 0; NaN where it was not measured.
    ratio_P: NDArray[np.float64]


def flow_scopes(session: Session, run_id: UUID) -> tuple[FlowScope, ...]:
    """Returns what the last probe measured: the model first, then by layer and path."""
    last = select(func.max(_TABLE.c.step)).where(_TABLE.c.run_id == run_id).scalar_subquery()
    rows = session.execute(
        select(_TABLE.c.scope, _TABLE.c.path, _TABLE.c.layer, _TABLE.c.direction)
        .where(_TABLE.c.run_id == run_id, _TABLE.c.step == last)
        .distinct()
    ).all()
    ordered = sorted(
        rows,
        key=lambda row: (row.scope != "model", row.layer, row.direction, row.path != "total"),
    )
    return tuple(FlowScope(scope=row.scope, path=row.path) for row in ordered)


def read_heat_map(
    session: Session, run_id: UUID, where: FlowScope, *, selection: ProbeSelection, max_lags: int
) -> HeatMap:
    """Returns at most `max_probes` probes of the range and `max_lags` lags, evenly spaced.

    The memory is bounded by them and `BLOCK_NUMBERS`, for sequences of any length.
    """
    steps = _choose(session, run_id, where, selection)
    length = _length(session, run_id, where, steps)
    lags_T = np.array(ProbeSelection(max_probes=max_lags).positions(length), dtype=np.int64)
    rows: list[Any] = []
    log_norm_PT = np.full((len(steps), lags_T.size), np.nan)
    for number, (row, curve_T) in enumerate(_curves(session, run_id, where, steps, length)):
        own_T = lags_T[lags_T < curve_T.size]
        measured_T = curve_T[own_T]
        log_norm_PT[number, : own_T.size] = np.where(np.isnan(measured_T), np.inf, measured_T)
        rows.append(row)
    numbers = np.array([tuple(row)[2:] for row in rows], dtype=np.float64).reshape(len(rows), 6)
    return HeatMap(
        steps_P=np.array([row.step for row in rows], dtype=np.int64),
        lags_T=lags_T,
        log_norm_PT=log_norm_PT[: len(rows)],
        horizon_P=numbers[:, 0],
        horizon_low_P=numbers[:, 1],
        horizon_high_P=numbers[:, 2],
        is_censored_P=numbers[:, 3] > 0,
        threshold_P=numbers[:, 4],
        ratio_P=numbers[:, 5],
    )


def _choose(
    session: Session, run_id: UUID, where: FlowScope, selection: ProbeSelection
) -> list[int]:
    between = steps_between(_TABLE.c.step, selection.from_step, selection.to_step)
    query = select(_TABLE.c.step).where(*_of(run_id, where), *between).distinct()
    steps = list(session.execute(query.order_by(_TABLE.c.step)).scalars())
    return [steps[place] for place in selection.positions(len(steps))]


def _length(session: Session, run_id: UUID, where: FlowScope, steps: Sequence[int]) -> int:
    """Returns the number of lags of these probes; 0 without any."""
    longest = func.max(func.cardinality(_TABLE.c.log_norm))
    query = select(longest).where(*_of(run_id, where), _TABLE.c.step.in_(steps))
    return session.execute(query).scalar_one() or 0


def _curves(
    session: Session, run_id: UUID, where: FlowScope, steps: Sequence[int], length: int
) -> Iterator[tuple[Any, NDArray[np.float64]]]:
    size = max(1, BLOCK_NUMBERS // max(1, length))
    for start in range(0, len(steps), size):
        query = (
            select(*_COLUMNS)
            .where(*_of(run_id, where), _TABLE.c.step.in_(steps[start : start + size]))
            .order_by(_TABLE.c.step)
            .ext(distinct_on(_TABLE.c.step))
        )
        for row in session.execute(query, execution_options=BINARY_RESULTS):
            yield row, row.log_norm


def _of(run_id: UUID, where: FlowScope) -> tuple[Any, ...]:
    return (
        _TABLE.c.run_id == run_id,
        _TABLE.c.scope == where.scope,
        _TABLE.c.path == where.path,
    )
