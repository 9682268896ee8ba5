"""Where runs can go on from: kept under an attempt, after the readings before them."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.checkpoints import NUM_KEPT, CheckpointRecord, Takes
from app.domain.events import EventKind
from app.store.fence import NewEvent, change_attempt
from app.store.tables import checkpoints

#: Columns of the run as they are at the checkpoint, for when readings after it are taken back.
KEPT_COLUMNS = (
    "next_seq",
    "progress_at",
    "steps_per_second",
    "metrics",
    "best",
    "probe_share",
    "probe_seconds",
    "telemetry_bytes",
)


def keep_checkpoint(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    step: int,
    name: str,
    num_bytes: int,
    sha256: str,
) -> tuple[str, ...]:
    """The names of the files that are still needed; only the last few checkpoints are kept.

    The same one twice is one: its acknowledgement was lost. A run that gets so far is not what
    kills its workers, so its crashes are forgiven.
    """
    latest = latest_checkpoint(session, run_id)
    if latest is not None and (latest.name, latest.attempt) == (name, attempt):
        return tuple(record.name for record in checkpoints_of(session, run_id))
    told: dict[str, JsonValue] = {
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
        log=(NewEvent(kind=EventKind.CHECKPOINT, data=told),),
    )
    kept = {column: row[column] for column in KEPT_COLUMNS}
    _put(
        session,
        {
            "run_id": run_id,
            "step": step,
            "attempt": attempt,
            "name": name,
            "num_bytes": num_bytes,
            "sha256": sha256,
            "takes": Takes.ALL.value,
            **kept,
        },
    )
    found = checkpoints_of(session, run_id)
    for record in found[NUM_KEPT:]:
        drop_checkpoint(session, run_id, record.step)
    return tuple(record.name for record in found[:NUM_KEPT])


def inherit_checkpoint(
    session: Session, source: CheckpointRecord, *, into: UUID, takes: Takes
) -> None:
    """Let a new run begin with a checkpoint of another, or with a part of it."""
    _put(
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
    """The latest first."""
    statement = (
        select(checkpoints)
        .where(checkpoints.c.run_id == run_id)
        .order_by(checkpoints.c.step.desc())
    )
    return [_record_of(row) for row in session.execute(statement).mappings()]


def latest_checkpoint(session: Session, run_id: UUID) -> CheckpointRecord | None:
    return next(iter(checkpoints_of(session, run_id)), None)


def columns_at(session: Session, record: CheckpointRecord) -> Mapping[str, object]:
    """The run's columns as they were at this checkpoint."""
    statement = select(checkpoints).where(
        checkpoints.c.run_id == record.run_id, checkpoints.c.step == record.step
    )
    row = session.execute(statement).mappings().one()
    return {column: row[column] for column in KEPT_COLUMNS}


def drop_checkpoint(session: Session, run_id: UUID, step: int) -> None:
    session.execute(
        delete(checkpoints).where(checkpoints.c.run_id == run_id, checkpoints.c.step == step)
    )


def _put(session: Session, row: Mapping[str, object]) -> None:
    """Of two checkpoints at one step, the later attempt's counts."""
    statement = insert(checkpoints).values(row)
    changes = {name: value for name, value in row.items() if name not in {"run_id", "step"}}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[checkpoints.c.run_id, checkpoints.c.step], set_=changes
        )
    )


def _record_of(row: RowMapping) -> CheckpointRecord:
    names = ("run_id", "step", "attempt", "name", "num_bytes", "sha256", "next_seq", "created_at")
    return CheckpointRecord(takes=Takes(row["takes"]), **{name: row[name] for name in names})
