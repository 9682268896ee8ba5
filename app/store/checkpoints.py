"""Rows of checkpoints: the states from which a run can continue, or a fork start.

A checkpoint is stored under an attempt, after all readings that were recorded before it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.checkpoints import NUM_KEPT, CheckpointParts, CheckpointRecord
from app.domain.events import EventKind
from app.domain.runs import BestScore
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
    for_resume: bool = True,
) -> tuple[str, ...]:
    """Stores a checkpoint and returns the files to keep.

    Of those from which the run can continue the last two are kept, and the one of the best step
    beside them. Only a checkpoint `for_resume` deletes the rows of others: until there is one after
    it, the best step may still be undone by a crash. One of a best step that is there already is
    not stored again. A repeated call changes nothing: the caller repeats it when the
    acknowledgement was lost. `crash_count` is reset, because a run that reaches a new checkpoint
    makes progress. Raises Fenced when the run no longer belongs to the attempt.
    """
    found = checkpoints_of(session, run_id)
    present = [record for record in found if for_resume is False and record.step == step]
    latest = latest_checkpoint(session, run_id) if for_resume else None
    is_stored = latest is not None and (latest.name, latest.attempt) == (name, attempt)
    if present or is_stored:
        return tuple(record.name for record in found)
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": step,
        "num_bytes": num_bytes,
        "sha256": sha256,
        "for_resume": for_resume,
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
            "for_resume": for_resume,
            **kept,
        },
    )
    if for_resume:
        _drop_old(session, run_id, best_step=row["best"]["step"] if row["best"] else None)
    return tuple(record.name for record in checkpoints_of(session, run_id))


def _drop_old(session: Session, run_id: UUID, *, best_step: int | None) -> None:
    """Drops all but the last two from which the run can continue, and that of the best step.

    Where the best step has none, the best one before it is kept.
    """
    found = checkpoints_of(session, run_id)
    kept = [record.step for record in found if record.for_resume][:NUM_KEPT]
    best = [record.step for record in found if record.step == best_step]
    earlier = [record.step for record in found if not record.for_resume]
    for record in found:
        if record.step not in {*kept, *(best or earlier[:1])}:
            drop_checkpoint(session, run_id, record.step)


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
            "for_resume": True,
            "next_seq": 0,
            "metrics": {},
        },
    )


def checkpoints_of(session: Session, run_id: UUID) -> list[CheckpointRecord]:
    """Returns all checkpoints of a run, the latest first."""
    statement = (
        select(checkpoints)
        .where(checkpoints.c.run_id == run_id)
        .order_by(checkpoints.c.step.desc())
    )
    return [_record_of(row) for row in session.execute(statement).mappings()]


def latest_checkpoint(session: Session, run_id: UUID) -> CheckpointRecord | None:
    """Returns the last one from which the run can continue."""
    found = checkpoints_of(session, run_id)
    return next((record for record in found if record.for_resume), None)


def drop_checkpoints_after(session: Session, run_id: UUID, step: int) -> None:
    """Drops those of steps that the run has not done any more."""
    session.execute(
        delete(checkpoints).where(checkpoints.c.run_id == run_id, checkpoints.c.step > step)
    )


def best_checkpoint(
    found: Sequence[CheckpointRecord], best: BestScore | None
) -> CheckpointRecord | None:
    """Returns the one of the best step, or of the best step before that was saved."""
    at_best = [record for record in found if best is not None and record.step == best.step]
    return next(iter(at_best or [record for record in found if not record.for_resume]), None)


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
    names = (
        "run_id",
        "step",
        "attempt",
        "name",
        "num_bytes",
        "sha256",
        "next_seq",
        "created_at",
        "for_resume",
    )
    takes = CheckpointParts(row["takes"])
    return CheckpointRecord(takes=takes, **{name: row[name] for name in names})
