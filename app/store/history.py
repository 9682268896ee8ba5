"""Reads a run's readings as series: the requested columns of the chunks, bit for bit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Double,
    Row,
    Table,
    cast,
    extract,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.domain.telemetry import ELAPSED
from app.store.chunks import StoredChunk, chunks_at, place_of, read_chunks
from app.store.database import BINARY_RESULTS
from app.store.step_ranges import steps_between
from app.store.tables import probe_readings, scalar_readings
from app.store.tables.columns import Doubles, Integers

#: Quantity -> column of the lag profiles that holds it.
PROFILE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "gradient_horizon": "horizon",
        "gradient_ratio_at_required_lag": "ratio",
        "decay_rate": "decay_rate",
        "entry_ratio": "entry_ratio",
    }
)
#: Upper bound on the scopes of lag profiles: layers times directions, plus the model.
MAX_SCOPES = 200
#: Looks up each pair in the index after the one before it, instead of reading every row.
_SCALAR_SCOPES = text("""
    WITH RECURSIVE found AS (
        (
            SELECT quantity, scope FROM scalar_readings WHERE run_id = :run_id
            ORDER BY quantity, scope LIMIT 1
        )
        UNION ALL
        SELECT following.quantity, following.scope
        FROM found CROSS JOIN LATERAL (
            SELECT quantity, scope FROM scalar_readings
            WHERE run_id = :run_id
                AND (quantity, scope) > (found.quantity, found.scope)
            ORDER BY quantity, scope LIMIT 1
        ) AS following
    )
    SELECT quantity, scope FROM found
""")


@dataclass(frozen=True, kw_only=True)
class StoredColumn:
    """One column of the chunks, at the n steps at which it was recorded."""

    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: (n,), or (n, P) for a quantity of each of P parameter tensors.
    values: NDArray[np.float32]
    #: (n,) microseconds since 1970 UTC; empty unless they were asked for.
    recorded_at_n: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StoredSeries:
    """The n readings of one quantity in one scope that is not measured at every step."""

    quantity: str
    scope: str
    steps_n: NDArray[np.int32]
    values_n: NDArray[np.float64]
    #: Microseconds since 1970 UTC.
    recorded_at_n: NDArray[np.int64]


def read_columns(
    session: Session,
    run_id: UUID,
    *,
    columns: Sequence[str],
    from_step: int | None = None,
    to_step: int | None = None,
    at_steps: Sequence[int] | None = None,
    with_times: bool = False,
) -> Mapping[str, StoredColumn]:
    """Returns each column for the steps from `from_step` to `to_step`, both included.

    `at_steps`, where given, restricts the result to the chunks that hold one of these steps. The
    times of the steps are computed only `with_times`.
    """
    if not columns:
        return {}
    seqs = None if at_steps is None else chunks_at(session, run_id, at_steps)
    found = read_chunks(
        session,
        run_id,
        columns=sorted({*columns, *([ELAPSED] if with_times else [])}),
        from_step=from_step,
        to_step=to_step,
        seqs=seqs,
    )
    steps_n = _steps_of(found)
    joined = {}
    for name in columns:
        having = [chunk for chunk in found if name in chunk.values]
        having_n = steps_n if len(having) == len(found) else _steps_of(having)
        values = [chunk.values[name] for chunk in having]
        place = place_of(having_n, from_step=from_step, to_step=to_step)
        joined[name] = StoredColumn(
            steps_n=having_n[place],
            values=np.concatenate(values)[place] if values else np.empty(0, dtype=np.float32),
            recorded_at_n=_times_of(having if with_times else [])[place],
        )
    return joined


def read_scalar_series(
    session: Session,
    run_id: UUID,
    *,
    quantities: Collection[str],
    from_step: int | None = None,
    to_step: int | None = None,
    at_steps: Collection[int] | None = None,
) -> tuple[StoredSeries, ...]:
    """Returns task metrics and scalars of probes, one series for each quantity and scope.

    `at_steps`, where given, restricts the result to these steps.
    """
    table = scalar_readings
    query = (
        select(
            *(table.c.quantity, table.c.scope),
            *_arrays(table, table.c.value, (table.c.step,)),
        )
        .where(
            table.c.run_id == run_id,
            table.c.quantity.in_(quantities),
            *steps_between(table.c.step, from_step, to_step),
        )
        .group_by(table.c.quantity, table.c.scope)
        .order_by(table.c.quantity, table.c.scope)
    )
    if at_steps is not None:
        query = query.where(table.c.step.in_(at_steps))
    rows = session.execute(query, execution_options=BINARY_RESULTS)
    return tuple(_series_of(row, quantity=row.quantity) for row in rows)


def read_profile_series(
    session: Session,
    run_id: UUID,
    *,
    quantities: Collection[str],
    from_step: int | None = None,
    to_step: int | None = None,
) -> tuple[StoredSeries, ...]:
    """Returns quantities of lag profiles, one series for each quantity and scope.

    Only profiles of the total gradient, through every path, count.
    """
    table = probe_readings
    wanted = [quantity for quantity in PROFILE_COLUMNS if quantity in quantities]
    if not wanted:
        return ()
    order = (table.c.step, table.c.seq, table.c.position)
    found = []
    for quantity in wanted:
        value = table.c[PROFILE_COLUMNS[quantity]]
        query = (
            select(table.c.scope, *_arrays(table, cast(value, Double), order))
            .where(
                table.c.run_id == run_id,
                table.c.path == "total",
                value.is_not(None),
                *steps_between(table.c.step, from_step, to_step),
            )
            .group_by(table.c.scope)
        )
        rows = session.execute(query, execution_options=BINARY_RESULTS)
        found += [_series_of(row, quantity=quantity) for row in rows]
    return tuple(found)


def profile_scopes(session: Session, run_id: UUID) -> tuple[str, ...]:
    """Returns the scopes of the run's lag profiles, in the order of the first probe."""
    table = probe_readings
    query = select(table.c.scope).where(table.c.run_id == run_id, table.c.path == "total")
    first = query.order_by(table.c.step, table.c.seq, table.c.position).limit(MAX_SCOPES)
    return tuple(dict.fromkeys(session.scalars(first)))


def scalar_scopes(session: Session, run_id: UUID) -> Mapping[str, tuple[str, ...]]:
    """Returns quantity -> its scopes, for quantities that are not measured at every step."""
    scopes: dict[str, list[str]] = {}
    for quantity, scope in session.execute(_SCALAR_SCOPES, {"run_id": run_id}):
        scopes.setdefault(quantity, []).append(scope)
    return {quantity: tuple(found) for quantity, found in scopes.items()}


def _arrays(
    table: Table, value: ColumnElement[float], order: Sequence[ColumnElement[int]]
) -> tuple[ColumnElement[NDArray[np.generic]], ...]:
    """Returns the steps, values and times of a group of rows as arrays: `_series_of` reads them."""
    moment = cast(extract("epoch", table.c.recorded_at) * 1_000_000, Double)
    columns = (("steps", table.c.step, Integers), ("readings", value, Doubles))
    return tuple(
        type_coerce(func.array_agg(aggregate_order_by(column, *order)), kind).label(name)
        for name, column, kind in (*columns, ("moments", moment, Doubles))
    )


def _series_of(row: Row[Any], *, quantity: str) -> StoredSeries:
    return StoredSeries(
        quantity=quantity,
        scope=row.scope,
        steps_n=row.steps,
        values_n=row.readings,
        recorded_at_n=row.moments.astype(np.int64),
    )


def _steps_of(chunks: Sequence[StoredChunk]) -> NDArray[np.int32]:
    empty = np.empty(0, dtype=np.int32)
    return np.concatenate([empty, *(chunk.steps_n for chunk in chunks)])


def _times_of(chunks: Sequence[StoredChunk]) -> NDArray[np.int64]:
    """(n,) microseconds since 1970 UTC at which the steps of chunks were trained."""
    empty = np.empty(0, dtype=np.int64)
    times_n = np.concatenate([empty, *map(_times_of_one, chunks)])
    # chunks of an earlier release have the time of their storage, which may be late
    return np.maximum.accumulate(times_n)


def _times_of_one(chunk: StoredChunk) -> NDArray[np.int64]:
    """(n,) microseconds since 1970 UTC at which the steps were trained.

    The chunk has the time of its last step. Without seconds of training, all steps get it.
    """
    last = _microseconds(chunk.recorded_at)
    elapsed_n = chunk.values.get(ELAPSED)
    if elapsed_n is None:
        return np.full(chunk.steps_n.size, last, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        before_n = np.nan_to_num(elapsed_n[-1].astype(np.float64) - elapsed_n, posinf=0, neginf=0)
    times_n: NDArray[np.int64] = last - np.rint(before_n * 1_000_000).astype(np.int64)
    return times_n


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
