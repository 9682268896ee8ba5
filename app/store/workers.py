"""Worker processes with their devices and slots, and what a queued run waits for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.devices import memory_served, size_in_words
from app.domain.errors import NotFound
from app.domain.runs import Run, RunStatus
from app.store.tables import runs, workers
from app.store.times import database_now, seconds_from_now

#: A worker without a heartbeat for this long counts as gone.
ALIVE_WITHIN_S = 30.0
#: A worker without a heartbeat for this long is deleted.
FORGOTTEN_AFTER_S = 86_400.0
#: What a running run waits for when the database accepts no readings.
DATABASE = "database"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker process."""

    id: UUID
    host: str
    pid: int
    #: As torch names them: `cpu`, `cuda:0`.
    devices: tuple[str, ...]
    #: Of each device, in the same order; empty for a worker of an older release.
    device_memory_bytes: tuple[int, ...]
    #: Measured seconds of a step over those of the estimate's formula; None where unknown.
    slowness: float | None
    #: Runs that it trains at the same time.
    slots: int
    threads_per_run: int
    #: Version of the service's code in the worker.
    release: str
    started_at: datetime
    seen_at: datetime
    #: Since then it claims nothing; None while it claims runs.
    drain_requested_at: datetime | None
    run_ids: tuple[UUID, ...]


def register(  # noqa: PLR0913 - a worker's columns, each by its name
    session: Session,
    *,
    worker_id: UUID,
    host: str,
    pid: int,
    devices: Sequence[str],
    slots: int,
    threads_per_run: int,
    release: str,
    device_memory_bytes: Sequence[int] = (),
    slowness: float | None = None,
) -> None:
    """Registers a worker, or registers it again after it was deleted.

    `device_memory_bytes` are those of `devices`; empty where they are unknown.
    """
    values = {
        "host": host,
        "pid": pid,
        "devices": list(devices),
        "device_memory_bytes": list(device_memory_bytes),
        "slowness": slowness,
        "slots": slots,
        "threads_per_run": threads_per_run,
        "release": release,
        "seen_at": database_now(),
        "retired_at": None,
    }
    statement = insert(workers).values({"id": worker_id, **values})
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def record_heartbeat(session: Session, worker_id: UUID) -> bool:
    """Records that the worker lives; returns False when it must register again."""
    statement = (
        update(workers)
        .where(workers.c.id == worker_id, workers.c.retired_at.is_(None))
        .values(seen_at=database_now())
        .returning(workers.c.id)
    )
    return session.execute(statement).one_or_none() is not None


def retire(session: Session, worker_id: UUID) -> None:
    """Marks a worker that stops; it counts as gone at once."""
    statement = update(workers).where(workers.c.id == worker_id).values(retired_at=database_now())
    session.execute(statement)


def request_drain(session: Session, worker_id: UUID) -> None:
    """Lets a living worker claim nothing more; asking again changes nothing. Raises NotFound."""
    since = func.coalesce(workers.c.drain_requested_at, database_now())
    _change_living(session, worker_id, since)


def end_drain(session: Session, worker_id: UUID) -> None:
    """Lets a living worker claim runs again. Raises NotFound."""
    _change_living(session, worker_id, None)


def memory_to_claim_for(session: Session, worker_id: UUID) -> tuple[int, ...] | None:
    """Returns the memory of each device of a worker, which is empty where it is unknown.

    Returns None when the worker is drained and claims nothing.
    """
    statement = select(workers.c.device_memory_bytes, workers.c.drain_requested_at)
    row = session.execute(statement.where(workers.c.id == worker_id)).one_or_none()
    if row is None:
        return ()
    return tuple(row.device_memory_bytes) if row.drain_requested_at is None else None


def list_workers(session: Session, *, alive_within_s: float = ALIVE_WITHIN_S) -> list[Worker]:
    """Returns the living workers with their runs, oldest first."""
    statement = select(workers).where(*_is_alive(alive_within_s)).order_by(workers.c.id)
    rows = session.execute(statement).mappings().all()
    running = _running_on(session, [row["id"] for row in rows])
    return [_worker_of(row, tuple(running.get(row["id"], ()))) for row in rows]


def waiting_for(
    session: Session, run: Run, *, alive_within_s: float = ALIVE_WITHIN_S
) -> str | None:
    """Returns what a queued run needs to start, or a running one to continue.

    Returns None when the run does not wait.
    """
    if run.status is RunStatus.RUNNING and run.waits_for_database:
        return DATABASE
    if run.status is not RunStatus.QUEUED:
        return None
    if run.held_for is not None:
        return run.held_for
    return _what_is_missing(run, _memory_served(session, alive_within_s))


def largest_memory(
    session: Session, wanted: str, *, alive_within_s: float = ALIVE_WITHIN_S
) -> int | None:
    """Returns the most bytes of memory that a run with this `training.device` gets on a worker.

    Returns None when no living worker serves it, or when the memory of one is unknown.
    """
    return _largest(wanted, _memory_served(session, alive_within_s))


def median_slowness(session: Session, *, alive_within_s: float = ALIVE_WITHIN_S) -> float | None:
    """Returns the median of the workers that claim runs; None where none has measured it."""
    claiming = (*_is_alive(alive_within_s), workers.c.drain_requested_at.is_(None))
    known = select(workers.c.slowness).where(*claiming, workers.c.slowness.is_not(None))
    found = session.execute(known).scalars().all()
    return median(found) if found else None


def _memory_served(session: Session, alive_within_s: float) -> list[Mapping[str, int | None]]:
    """Returns what each worker that claims runs serves."""
    claiming = (*_is_alive(alive_within_s), workers.c.drain_requested_at.is_(None))
    statement = select(workers.c.devices, workers.c.device_memory_bytes).where(*claiming)
    return [
        memory_served(row.devices, row.device_memory_bytes) for row in session.execute(statement)
    ]


def _largest(wanted: str, served: Sequence[Mapping[str, int | None]]) -> int | None:
    memory = [one[wanted] for one in served if wanted in one]
    known = [number for number in memory if number is not None]
    return max(known) if known and len(known) == len(memory) else None


def _what_is_missing(run: Run, served: Sequence[Mapping[str, int | None]]) -> str:
    if not served:
        return "a worker"
    wanted = run.spec.training.device
    if not any(wanted in one for one in served):
        return f"a worker with {wanted}"
    most_bytes = _largest(wanted, served)
    if most_bytes is not None and run.expected_memory_bytes > most_bytes:
        needed = size_in_words(run.expected_memory_bytes)
        return f"a worker with {needed} of memory; the largest has {size_in_words(most_bytes)}"
    return "a free worker"


def forget_old_workers(session: Session) -> None:
    """Deletes workers without a heartbeat for `FORGOTTEN_AFTER_S`."""
    gone = workers.c.seen_at < seconds_from_now(-FORGOTTEN_AFTER_S)
    session.execute(delete(workers).where(gone))


def _change_living(
    session: Session, worker_id: UUID, since: ColumnElement[datetime] | None
) -> None:
    statement = update(workers).where(workers.c.id == worker_id, workers.c.retired_at.is_(None))
    changed = statement.values(drain_requested_at=since).returning(workers.c.id)
    if session.execute(changed).one_or_none() is None:
        raise NotFound


def _is_alive(within_s: float) -> tuple[ColumnElement[bool], ...]:
    return (workers.c.retired_at.is_(None), workers.c.seen_at > seconds_from_now(-within_s))


def _running_on(session: Session, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    statement = (
        select(runs.c.worker_id, runs.c.id)
        .where(runs.c.worker_id.in_(ids), runs.c.status == RunStatus.RUNNING.value)
        .order_by(runs.c.id)
    )
    found: dict[UUID, list[UUID]] = {}
    for worker_id, run_id in session.execute(statement):
        found.setdefault(worker_id, []).append(run_id)
    return found


def _worker_of(row: RowMapping, run_ids: tuple[UUID, ...]) -> Worker:
    columns = {name: value for name, value in row.items() if name != "retired_at"}
    arrays = {name: tuple(row[name]) for name in ("devices", "device_memory_bytes")}
    return Worker(**{**columns, **arrays, "run_ids": run_ids})
