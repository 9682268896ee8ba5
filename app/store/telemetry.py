"""Stores batches of readings in order, for one attempt; returns them as arrays, bit for bit."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

import numpy as np
from pydantic import JsonValue
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.rollbacks import Rollback, RollbackSummary
from app.domain.runs import BestScore
from app.domain.task import TaskFacts
from app.domain.telemetry import (
    FloatArray,
    ReadingBatch,
    ScalarReading,
    Telemetry,
    TelemetryChunk,
    of_kind,
)
from app.store.evaluations import Metrics, best_of, evaluation_event, evaluations_in, latest
from app.store.fence import NewEvent, change_run, held_by
from app.store.history import read_columns
from app.store.profile_rows import read_profiles
from app.store.reading_rows import insert_readings, read_scalar_readings
from app.store.tables import runs, telemetry_chunks
from app.store.times import database_now
from app.store.windows import NewSteps, store_completed_windows


def append_batch(
    session: Session, *, run_id: UUID, attempt: int, seq: int, batch: ReadingBatch
) -> bool:
    """Stores one batch with the windows that it completes.

    Returns False, without a change, when it was stored before.

    One update checks the attempt, raises `next_seq` and numbers the events; its row lock also
    covers the inserts. Raises Fenced when the run no longer belongs to the attempt, or when an
    earlier batch is missing.
    """
    scalars = of_kind(ScalarReading, batch.readings)
    evaluations = evaluations_in(scalars)
    row = change_run(
        session,
        *held_by(run_id, attempt),
        runs.c.next_seq == seq,
        values={
            "next_seq": seq + 1,
            "progress_step": batch.progress_step,
            "progress_at": database_now(),
            "steps_per_second": batch.steps_per_second,
            "telemetry_bytes": runs.c.telemetry_bytes + batch.num_bytes,
            **_probe_costs(batch),
            **_rollbacks_of(batch),
        },
        log=_events_of(batch, attempt, evaluations),
    )
    if row is None:
        _check_replay(session, run_id=run_id, attempt=attempt, seq=seq)
        return False
    if evaluations:
        _store_scores(session, row, evaluations)
    keys = {"run_id": run_id, "attempt": attempt, "seq": seq}
    if batch.chunk is not None:
        known = {} if batch.recorded_at is None else {"recorded_at": batch.recorded_at}
        session.execute(insert(telemetry_chunks), {**keys, **known, **_chunk_row(batch.chunk)})
        new = NewSteps.of(batch.chunk, seq=seq, attempt=attempt)
        store_completed_windows(session, new, run_id=run_id, windowed_steps=row["windowed_steps"])
    insert_readings(session, batch.readings, keys=keys, time_of=batch.time_of)
    return True


def read_telemetry(
    session: Session, run_id: UUID, *, from_step: int | None = None, to_step: int | None = None
) -> Telemetry:
    """Returns every reading from `from_step` to `to_step`, both included."""
    tensor_columns = {quantity: f"tensor_{quantity}" for quantity in PER_TENSOR}
    columns = read_columns(
        session,
        run_id,
        columns=(*SCALARS, *tensor_columns.values()),
        from_step=from_step,
        to_step=to_step,
    )
    return Telemetry(
        steps_n=columns["loss"].steps_n,
        scalars={quantity: columns[quantity].values for quantity in SCALARS},
        tensor_names=read_tensor_names(session, run_id),
        tensors={
            quantity: columns[column].values
            for quantity, column in tensor_columns.items()
            if columns[column].values.size
        },
        scalar_readings=read_scalar_readings(session, run_id, from_step=from_step, to_step=to_step),
        profiles=read_profiles(session, run_id, from_step=from_step, to_step=to_step),
    )


def num_batches(session: Session, run_id: UUID) -> int:
    """Returns the number of batches that the run's attempts have stored and not rewound."""
    statement = select(runs.c.next_seq).where(runs.c.id == run_id)
    return int(session.execute(statement).scalar_one())


def read_tensor_names(session: Session, run_id: UUID) -> tuple[str, ...]:
    """Returns the names of the run's parameter tensors; none before its training has begun."""
    names = session.execute(select(runs.c.tensor_names).where(runs.c.id == run_id)).scalar()
    return tuple(names or ())


def summarise(values: FloatArray) -> Mapping[str, JsonValue]:
    """Returns the least and the greatest finite value, and the number of values not finite.

    `min` and `max` are None when no value is finite.
    """
    finite = values[np.isfinite(values)]
    return {
        "min": float(finite.min()) if finite.size else None,
        "max": float(finite.max()) if finite.size else None,
        "non_finite": int(values.size - finite.size),
    }


def _check_replay(session: Session, *, run_id: UUID, attempt: int, seq: int) -> None:
    """Raises Fenced unless this attempt, the run's last one, has stored batch `seq` before."""
    statement = select(runs.c.attempt, runs.c.next_seq).where(runs.c.id == run_id)
    row = session.execute(statement).one_or_none()
    if row is None or row.attempt != attempt or row.next_seq <= seq:
        raise Fenced


def _events_of(
    batch: ReadingBatch, attempt: int, evaluations: Mapping[int, Metrics]
) -> tuple[NewEvent, ...]:
    progress: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": batch.progress_step,
        "steps_per_second": batch.steps_per_second,
    }
    if batch.chunk is not None and "loss" in batch.chunk.scalars:
        progress["loss"] = float(batch.chunk.scalars["loss"][-1])
    return (
        *_wait_of(batch, attempt),
        *(_rollback_event(rollback, attempt) for rollback in batch.rollbacks),
        *(
            NewEvent(kind=EventKind.EVALUATION, data=evaluation_event(step, metrics))
            for step, metrics in evaluations.items()
        ),
        NewEvent(kind=EventKind.PROGRESS, data=progress),
    )


def _wait_of(batch: ReadingBatch, attempt: int) -> tuple[NewEvent, ...]:
    if not batch.waited_s:
        return ()
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": batch.progress_step,
        "waiting_for": "database",
        "waited_s": round(batch.waited_s, 3),
    }
    return (NewEvent(kind=EventKind.WAITED, data=data),)


def _rollback_event(rollback: Rollback, attempt: int) -> NewEvent:
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "step": rollback.step,
        "to_step": rollback.to_step,
        "failure": rollback.failure,
        "factor": rollback.factor,
        "is_measured": rollback.is_measured,
        "learning_rate_factor": rollback.rate_factor,
    }
    return NewEvent(kind=EventKind.ROLLED_BACK, data=data)


def _rollbacks_of(batch: ReadingBatch) -> Mapping[str, JsonValue]:
    if not batch.rollbacks:
        return {}
    return {"rollbacks": asdict(RollbackSummary.up_to(batch.rollbacks[-1]))}


def _probe_costs(batch: ReadingBatch) -> Mapping[str, float]:
    if batch.probe_seconds is None or batch.probe_share is None:
        return {}
    return {"probe_seconds": batch.probe_seconds, "probe_share": batch.probe_share}


def _store_scores(session: Session, row: RowMapping, evaluations: Mapping[int, Metrics]) -> None:
    """Stores the latest metrics and the best score.

    The update of the fence has locked the row, so that readers see both changes at once.
    """
    task = None if row["task"] is None else TaskFacts.model_validate(row["task"])
    known = None if row["best"] is None else BestScore(**row["best"])
    best = best_of(known, evaluations, task)
    statement = (
        update(runs)
        .where(runs.c.id == row["id"])
        .values(
            metrics=latest(row["metrics"], evaluations), best=None if best is None else asdict(best)
        )
    )
    session.execute(statement)


def _chunk_row(chunk: TelemetryChunk) -> Mapping[str, object]:
    columns = {
        **{quantity: chunk.scalars.get(quantity) for quantity in SCALARS},
        **{f"tensor_{quantity}": chunk.tensors.get(quantity) for quantity in PER_TENSOR},
    }
    reals = {
        name: None if values is None or not values.size else np.asarray(values, dtype=np.float32)
        for name, values in columns.items()
    }
    return {
        "first_step": chunk.first_step,
        "last_step": chunk.last_step,
        "steps": np.asarray(chunk.steps_n, dtype=np.int32),
        **reals,
        "summary": {
            name: summarise(values) for name, values in reals.items() if values is not None
        },
    }
