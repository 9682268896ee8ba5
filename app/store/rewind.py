"""Takes a run back to a checkpoint, or to its start, and deletes what was measured after it."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from app.domain.checkpoints import CheckpointRecord
from app.domain.events import EventKind
from app.domain.windows.window import WINDOW_STEPS
from app.store.checkpoints import (
    columns_at,
    drop_checkpoint,
    drop_checkpoints_after,
    latest_checkpoint,
)
from app.store.fence import NewEvent, change_attempt
from app.store.tables import (
    diagnoses,
    position_readings,
    probe_gaps,
    probe_readings,
    runs,
    scalar_readings,
    score_details,
    telemetry_chunks,
    telemetry_windows,
)

#: Tables of readings. Each row has the number `seq` of its batch; that of a window is the batch
#: that completed it.
_MEASURED: tuple[Table, ...] = (
    telemetry_chunks,
    scalar_readings,
    score_details,
    probe_readings,
    probe_gaps,
    position_readings,
    telemetry_windows,
)
#: Values of a run's columns before its first reading.
_NOTHING_MEASURED: Mapping[str, object] = {
    "next_seq": 0,
    "progress_step": 0,
    "progress_at": None,
    "steps_per_second": None,
    "metrics": {},
    "best": None,
    "rollbacks": None,
    "device": None,
    "tensor_names": [],
    "probe_share": None,
    "probe_seconds": None,
    "telemetry_bytes": 0,
    "windowed_steps": 0,
}
_NOTHING_JUDGED: Mapping[str, object] = {
    "verdict": None,
    "finding_codes": [],
    "is_diagnosis_final": False,
}


def rewind(
    session: Session, run_id: UUID, checkpoint: CheckpointRecord | None
) -> Mapping[str, object]:
    """Deletes readings after the checkpoint and the diagnosis; returns the run's columns to store.

    Without a checkpoint, all readings are deleted.
    """
    next_seq = 0 if checkpoint is None else checkpoint.next_seq
    followed = _probed_since(session, run_id, next_seq)
    drop_checkpoints_after(session, run_id, 0 if checkpoint is None else checkpoint.step)
    for table in _MEASURED:
        session.execute(delete(table).where(table.c.run_id == run_id, table.c.seq >= next_seq))
    session.execute(delete(diagnoses).where(diagnoses.c.run_id == run_id))
    values = {**_NOTHING_JUDGED, "followed_steps": followed}
    if checkpoint is None:
        return {**_NOTHING_MEASURED, **values}
    size = WINDOW_STEPS[0]
    kept = {
        "progress_step": checkpoint.step,
        "windowed_steps": func.least(runs.c.windowed_steps, checkpoint.step // size * size),
    }
    return {**columns_at(session, checkpoint), **kept, **values}


def rewound(attempt: int, checkpoint: CheckpointRecord | None, **more: JsonValue) -> NewEvent:
    """Returns the event of a rewind; its `to_step` is the last step that is kept, -1 for none."""
    to_step = -1 if checkpoint is None else checkpoint.step - 1
    return NewEvent(kind=EventKind.REWOUND, data={"attempt": attempt, "to_step": to_step, **more})


def fall_back(session: Session, *, run_id: UUID, attempt: int, step: int, reason: str) -> None:
    """Drops a checkpoint that cannot be read, and rewinds to the one before it or to the start.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    drop_checkpoint(session, run_id, step)
    previous = latest_checkpoint(session, run_id)
    values = rewind(session, run_id, previous)
    log = (rewound(attempt, previous, reason=reason),)
    change_attempt(session, run_id=run_id, attempt=attempt, values=values, log=log)


def followed_steps(session: Session, run_id: UUID) -> tuple[int, ...]:
    """Returns the steps that the present attempt must probe because an earlier attempt did."""
    known = select(runs.c.followed_steps).where(runs.c.id == run_id)
    return tuple(session.execute(known).scalar_one())


def _probed_since(session: Session, run_id: UUID, next_seq: int) -> list[int]:
    """Returns the steps probed from batch `next_seq` on, and the steps to probe until now."""
    table = probe_readings
    statement = select(table.c.step).where(table.c.run_id == run_id, table.c.seq >= next_seq)
    probed = session.execute(statement.distinct()).scalars()
    return sorted({*followed_steps(session, run_id), *probed})
