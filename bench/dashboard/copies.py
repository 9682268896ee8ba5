"""Makes thousands of runs by copying the rows of a few within the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import Session

from app.store.ids import new_id
from app.store.tables import (
    diagnoses,
    findings,
    probe_readings,
    runs,
    scalar_readings,
    telemetry_chunks,
    telemetry_windows,
)

_COPIES = Table(
    "copies",
    MetaData(),
    Column("source", Uuid),
    Column("target", Uuid),
    Column("number", Integer),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A run to be made."""

    source: UUID
    #: Its place in the list, the oldest first; a minute lies between two.
    number: int


def copy_runs(session: Session, copies: Sequence[Copy]) -> None:
    """Copies runs with their readings and diagnoses."""
    rows = [{"source": one.source, "target": new_id(), "number": one.number} for one in copies]
    _COPIES.create(session.connection())
    session.execute(insert(_COPIES), rows)
    _copy_rows(session, num_runs=len(copies))
    _COPIES.drop(session.connection())


def _copy_rows(session: Session, *, num_runs: int) -> None:
    minutes_ago = func.make_interval(0, 0, 0, 0, 0, num_runs - _COPIES.c.number)
    session.execute(
        insert(runs).from_select(
            [column.name for column in runs.columns],
            select(
                *(
                    {
                        "id": _COPIES.c.target,
                        "name": literal("run ") + cast(_COPIES.c.number, Text),
                        "created_at": runs.c.created_at - minutes_ago,
                    }.get(column.name, column)
                    for column in runs.columns
                )
            ).where(runs.c.id == _COPIES.c.source),
        )
    )
    for table in (
        *(diagnoses, findings, telemetry_chunks),
        *(telemetry_windows, scalar_readings, probe_readings),
    ):
        values = (_COPIES.c.target if one.name == "run_id" else one for one in table.columns)
        session.execute(
            insert(table).from_select(
                [column.name for column in table.columns],
                select(*values).where(table.c.run_id == _COPIES.c.source),
            )
        )
