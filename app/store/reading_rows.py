"""Converts readings to rows of the table of their kind and back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, Table, insert, select
from sqlalchemy.orm import Session

from app.domain.scopes import Scope
from app.domain.telemetry import (
    LagProfile,
    PositionProfile,
    ProbeGap,
    Reading,
    ScalarReading,
    ScoreDetails,
)
from app.store.documents import encode
from app.store.position_rows import position_row_of
from app.store.profile_rows import row_of
from app.store.step_ranges import steps_between
from app.store.tables import (
    position_readings,
    probe_gaps,
    probe_readings,
    scalar_readings,
    score_details,
)


def insert_readings(
    session: Session,
    readings: Sequence[Reading],
    *,
    keys: Mapping[str, object],
    time_of: Callable[[int], datetime | None],
) -> None:
    """Stores readings under the keys of their batch, numbered from 0 in each table.

    `time_of` gives the time of a step; None means when the reading is stored.
    """
    rows: dict[Table, list[Mapping[str, object]]] = {}
    for reading in readings:
        table, row = _row_of(reading)
        others = rows.setdefault(table, [])
        moment = time_of(reading.step)
        known = {} if moment is None else {"recorded_at": moment}
        others.append({**keys, **known, "position": len(others), **row})
    for table, of_table in rows.items():
        session.execute(insert(table), of_table)


def _row_of(reading: Reading) -> tuple[Table, Mapping[str, object]]:
    match reading:
        case ScalarReading():
            return scalar_readings, _fields_of(reading)
        case LagProfile():
            return probe_readings, row_of(reading)
        case PositionProfile():
            return position_readings, position_row_of(reading)
        case ScoreDetails():
            return score_details, {**vars(reading), "details": encode(reading.details)}
        case ProbeGap():
            return probe_gaps, _fields_of(reading)
        case _:
            assert_never(reading)


def _fields_of(reading: ScalarReading | ProbeGap) -> Mapping[str, object]:
    return {**vars(reading), "scope": str(reading.scope)}


def read_scalar_readings(
    session: Session, run_id: UUID, *, from_step: int | None = None, to_step: int | None = None
) -> tuple[ScalarReading, ...]:
    """Returns task metrics and scalars of probes, by step and then in the order of sending."""
    rows = _rows_by_step(
        session, scalar_readings, ("value",), run_id, from_step=from_step, to_step=to_step
    )
    return tuple(ScalarReading(**_fields_from(row)) for row in rows)


def read_score_details(session: Session, run_id: UUID) -> Mapping[str, Mapping[str, JsonValue]]:
    """Returns split -> the latest details of its scores."""
    table = score_details
    query = select(table.c.split, table.c.details).where(table.c.run_id == run_id)
    return {row.split: row.details for row in session.execute(query.order_by(table.c.seq))}


def read_probe_gaps(
    session: Session, run_id: UUID, *, from_step: int | None = None, to_step: int | None = None
) -> tuple[ProbeGap, ...]:
    """Returns what probes could not measure, by step and then in the order of sending."""
    rows = _rows_by_step(
        session, probe_gaps, ("reason",), run_id, from_step=from_step, to_step=to_step
    )
    return tuple(ProbeGap(**_fields_from(row)) for row in rows)


def _fields_from(row: RowMapping) -> dict[str, Any]:
    return {**row, "scope": Scope.parse(row["scope"])}


def _rows_by_step(
    session: Session,
    table: Table,
    columns: Sequence[str],
    run_id: UUID,
    *,
    from_step: int | None,
    to_step: int | None,
) -> list[RowMapping]:
    statement = (
        select(*(table.c[name] for name in ("step", "quantity", "scope", *columns)))
        .where(table.c.run_id == run_id, *steps_between(table.c.step, from_step, to_step))
        .order_by(table.c.seq, table.c.position)
    )
    rows = session.execute(statement).mappings()
    return sorted(rows, key=lambda row: int(row["step"]))
