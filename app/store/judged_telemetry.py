"""Reads the telemetry that a diagnosis judges, in memory that does not grow with the run.

All readings of a run of at most `MAX_WHOLE_STEPS` steps are read. Of a longer run some windows of
1,024 consecutive steps are read, as `app.domain.windows.selection` says, and the norms of all
weights are combined to one. Of many probes the latest and evenly spaced earlier ones are read, and
of many scores and scalars the first and the last of each series. So the counts in a finding of a
long run are of the steps that were read; extrema and the places of the first and last non-finite
steps are exact.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.domain.integrity import CHECKS
from app.domain.quantities import SCALARS
from app.domain.scopes import Scope
from app.domain.telemetry import FloatArray, LagProfile, ScalarReading, Telemetry
from app.domain.windows.selection import choose_windows, step_ranges
from app.store.chunks import step_bounds
from app.store.database import BINARY_RESULTS
from app.store.history import StoredColumn, read_columns, scalar_scopes
from app.store.profile_rows import read_judged_profiles
from app.store.summaries import read_summaries
from app.store.tables import probe_readings, runs
from app.store.tables.columns import Integers
from app.store.telemetry import read_tensor_names
from app.store.windows import SeriesKey

MAX_WHOLE_STEPS = 100_000
#: The quantities of each tensor that detectors use.
TENSOR_QUANTITIES = ("weight_norm",)
#: Probes that are read; fewer where the curve of one is longer than 4,000 lags.
MAX_PROBES = 1000
_MAX_LAGS = 4_000_000
_MIN_PROBES = 100
#: First and last readings of a series that are read.
MAX_READINGS = 1000
_LOSS, _GRAD_NORM, _NON_FINITE = (
    SeriesKey(column=name) for name in ("loss", "grad_norm", "non_finite_count")
)
_SCALARS = text("""
    SELECT chosen.seq, chosen.position, chosen.step, quantity, scope, chosen.value
    FROM unnest(CAST(:quantities AS text[]), CAST(:scopes AS text[])) AS found (quantity, scope)
    CROSS JOIN LATERAL (
        (
            SELECT seq, position, step, value FROM scalar_readings AS one
            WHERE run_id = :run_id
                AND one.quantity = found.quantity AND one.scope = found.scope
            ORDER BY step DESC LIMIT :most
        )
        UNION
        (
            SELECT seq, position, step, value FROM scalar_readings AS one
            WHERE run_id = :run_id
                AND one.quantity = found.quantity AND one.scope = found.scope
            ORDER BY step LIMIT :most
        )
        UNION
        (
            SELECT seq, position, step, value FROM scalar_readings AS one
            WHERE run_id = :run_id
                AND one.quantity = found.quantity AND one.scope = found.scope
                AND one.quantity = ANY(:checks) AND step = ANY(:steps)
        )
    ) AS chosen
    ORDER BY chosen.step, chosen.seq, chosen.position
""")


def read_judged_telemetry(session: Session, run_id: UUID) -> Telemetry:
    """Returns all telemetry of a short run, or a bounded part of that of a long one."""
    bounds = step_bounds(session, run_id)
    profiles = _read_profiles(session, run_id)
    readings = _read_scalars(session, run_id, steps=[profile.step for profile in profiles])
    names = read_tensor_names(session, run_id)
    if bounds is None or bounds[1] - bounds[0] < MAX_WHOLE_STEPS:
        columns = _read_columns(session, run_id, [(None, None)])
        tensors = {name: columns[f"tensor_{name}"].values for name in TENSOR_QUANTITIES}
    else:
        columns = _read_columns(session, run_id, _chosen_ranges(session, run_id, *bounds))
        tensors = {name: _combined(columns[f"tensor_{name}"].values) for name in TENSOR_QUANTITIES}
    return Telemetry(
        steps_n=columns["loss"].steps_n,
        scalars={name: columns[name].values for name in SCALARS},
        tensor_names=names,
        tensors={name: values for name, values in tensors.items() if values.size},
        scalar_readings=readings,
        profiles=profiles,
    )


def _chosen_ranges(session: Session, run_id: UUID, first: int, last: int) -> list[tuple[int, int]]:
    windowed = session.execute(select(runs.c.windowed_steps).where(runs.c.id == run_id))
    found = read_summaries(
        session,
        run_id,
        [_LOSS, _GRAD_NORM, _NON_FINITE],
        from_step=first,
        to_step=last,
        windowed_steps=windowed.scalar_one(),
    )
    outlines = [found[key].outlines for key in (_LOSS, _GRAD_NORM, _NON_FINITE)]
    return list(step_ranges(outlines[0], choose_windows(*outlines)))


def _read_columns(
    session: Session, run_id: UUID, ranges: Sequence[tuple[int | None, int | None]]
) -> Mapping[str, StoredColumn]:
    names = (*SCALARS, *(f"tensor_{name}" for name in TENSOR_QUANTITIES))
    found = [
        read_columns(session, run_id, columns=names, from_step=first, to_step=last)
        for first, last in ranges
    ]
    return {name: _joined([columns[name] for columns in found]) for name in names}


def _joined(columns: Sequence[StoredColumn]) -> StoredColumn:
    return StoredColumn(
        steps_n=np.concatenate([column.steps_n for column in columns]),
        values=np.concatenate([column.values for column in columns]),
        recorded_at_n=np.concatenate([column.recorded_at_n for column in columns]),
    )


def _combined(norms_nP: NDArray[np.float32]) -> FloatArray:
    """(n, 1) L2 norm over the tensors."""
    if not norms_nP.size:
        return norms_nP
    combined: FloatArray = np.linalg.norm(norms_nP.astype(np.float64), axis=1).astype(np.float32)
    return combined[:, None]


def _read_profiles(session: Session, run_id: UUID) -> tuple[LagProfile, ...]:
    table = probe_readings
    steps = func.array_agg(aggregate_order_by(table.c.step.distinct(), table.c.step))
    query = select(
        func.max(func.cardinality(table.c.log_norm)).label("num_lags"),
        type_coerce(steps, Integers).label("steps"),
    ).where(table.c.run_id == run_id, table.c.scope == str(Scope.model()), table.c.path == "total")
    row = session.execute(query, execution_options=BINARY_RESULTS).one()
    if row.steps is None:
        return ()
    most = max(_MIN_PROBES, min(MAX_PROBES, _MAX_LAGS // row.num_lags))
    return read_judged_profiles(session, run_id, steps=_latest_and_spread(row.steps, most))


def _latest_and_spread(steps: NDArray[np.int32], most: int) -> list[int] | None:
    """Returns which of many steps to read; None for all."""
    if steps.size <= most:
        return None
    half = most // 2
    earlier = np.linspace(0, steps.size - half - 1, most - half).round().astype(int)
    return [*steps[np.unique(earlier)].tolist(), *steps[-half:].tolist()]


def _read_scalars(
    session: Session, run_id: UUID, *, steps: Sequence[int]
) -> tuple[ScalarReading, ...]:
    series = [
        (quantity, scope)
        for quantity, found in scalar_scopes(session, run_id).items()
        for scope in found
    ]
    parameters = {
        "run_id": run_id,
        "quantities": [quantity for quantity, _ in series],
        "scopes": [scope for _, scope in series],
        "most": MAX_READINGS,
        "checks": list(CHECKS),
        "steps": list(steps),
    }
    scopes: dict[str, Scope] = {}
    readings = []
    for row in session.execute(_SCALARS, parameters):
        scope = scopes.get(row.scope) or scopes.setdefault(row.scope, Scope.parse(row.scope))
        readings.append(
            ScalarReading(step=row.step, quantity=row.quantity, scope=scope, value=row.value)
        )
    return tuple(readings)
