"""Rows of checkpoints: the states from which a run can continue.

A checkpoint is stored under an attempt, after all readings that were recorded before it.
"""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.checkpoints import NUM_KEPT, CheckpointParts, CheckpointRecord
from app.domain.events import EventKind
from app.store.fence import NewEvent, change_attempt
from app.store.tables import checkpoints

#: Columns of the run that are copied into the checkpoint, to restore them on a rewind.
KEPT_COLUMNS = (
    "next_seq",
    "progress_at",
    "steps_per_second",
    "metrics",
    "best",
    "rollbacks",
    "probe_share",
    "probe_seconds",
    "telemetry_bytes",
)


def record_checkpoint(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    step: int,
    name: str,
    num_bytes: int,
    sha256: str,
) -> tuple[str, ...]:
    """Stores a checkpoint, deletes the rows of old ones and returns the files to keep.

    A repeated call changes nothing: the caller repeats it when the acknowledgement was lost.
    `crash_count` is reset, because a run that reaches a new checkpoint makes progress. Raises
    Fenced when the run no longer belongs to the attempt.
    """
    latest = latest_checkpoint(session, run_id)
    if latest is not None and (latest.name, latest.attempt) == (name, attempt):
        return tuple(record.name for record in checkpoints_of(session, run_id))
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": step,
        "num_bytes": num_bytes,
        "sha256": sha256,
    }
    row = change_attempt(
        session,
        run_id=run_id,
        attempt=attempt,
        values={"crash_count": 0},
        log=(NewEvent(kind=EventKind.CHECKPOINT, data=data),),
    )
    kept = {column: row[column] for column in KEPT_COLUMNS}
    _upsert(
        session,
        {
            "run_id": run_id,
            "step": step,
            "attempt": attempt,
            "name": name,
            "num_bytes": num_bytes,
            "sha256": sha256,
            "takes": CheckpointParts.ALL.value,
            **kept,
        },
    )
    found = checkpoints_of(session, run_id)
    for record in found[NUM_KEPT:]:
        drop_checkpoint(session, run_id, record.step)
    return tuple(record.name for record in found[:NUM_KEPT])


def inherit_checkpoint(
    session: Session, source: CheckpointRecord, *, into: UUID, takes: CheckpointParts
) -> None:
    """Gives a new run a checkpoint of another run; `takes` says which parts it uses."""
    _upsert(
        session,
        {
            "run_id": into,
            "step": source.step,
            "attempt": 0,
            "name": source.name,
            "num_bytes": source.num_bytes,
            "sha256": source.sha256,
            "takes": takes.value,
            "next_seq": 0,
            "metrics": {},
        },
    )


def checkpoints_of(session: Session, run_id: UUID) -> list[CheckpointRecord]:
    """Returns the checkpoints of a run, the latest first."""
    statement = (
        select(checkpoints)
        .where(checkpoints.c.run_id == run_id)
        .order_by(checkpoints.c.step.desc())
    )
    return [_record_of(row) for row in session.execute(statement).mappings()]


def latest_checkpoint(session: Session, run_id: UUID) -> CheckpointRecord | None:
    return next(iter(checkpoints_of(session, run_id)), None)


def columns_at(session: Session, record: CheckpointRecord) -> Mapping[str, object]:
    """Returns the values that the run's columns had at this checkpoint."""
    statement = select(checkpoints).where(
        checkpoints.c.run_id == record.run_id, checkpoints.c.step == record.step
    )
    row = session.execute(statement).mappings().one()
    return {column: row[column] for column in KEPT_COLUMNS}


def drop_checkpoint(session: Session, run_id: UUID, step: int) -> None:
    session.execute(
        delete(checkpoints).where(checkpoints.c.run_id == run_id, checkpoints.c.step == step)
    )


def _upsert(session: Session, row: Mapping[str, object]) -> None:
    """Stores the row; it replaces an earlier attempt's checkpoint at the same step."""
    statement = insert(checkpoints).values(row)
    changes = {name: value for name, value in row.items() if name not in {"run_id", "step"}}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[checkpoints.c.run_id, checkpoints.c.step], set_=changes
        )
    )


def _record_of(row: RowMapping) -> CheckpointRecord:
    names = ("run_id", "step", "attempt", "name", "num_bytes", "sha256", "next_seq", "created_at")
    takes = CheckpointParts(row["takes"])
    return CheckpointRecord(takes=takes, **{name: row[name] for name in names})
