"""Measures what a workspace uses of its quotas, and how large the database is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ColumnElement, ScalarSelect, Select, case, func, select, update
from sqlalchemy.orm import Session

from app.domain.quotas import StoredBytes, Usage
from app.domain.runs import RunStatus
from app.store.locks import lock_number, take_lock
from app.store.tables import artifacts, checkpoints, datasets, predictions, runs, workspaces
from app.store.times import database_now


def lock_queue(session: Session, workspace_id: UUID) -> None:
    """Keeps other requests from queueing runs in the workspace until the transaction ends."""
    take_lock(session, lock_number("queue", str(workspace_id)))


def lock_storage(session: Session, workspace_id: UUID) -> None:
    """Keeps other uploads out of the workspace until the transaction ends.

    This lock is separate from that of the queue, because an upload would delay runs too long.
    """
    take_lock(session, lock_number("storage", str(workspace_id)))


def run_allowance(session: Session, workspace_id: UUID) -> tuple[datetime | None, datetime]:
    """Returns when the allowance of runs per hour is full again, and the time now."""
    statement = select(workspaces.c.runs_full_at, database_now())
    row = session.execute(statement.where(workspaces.c.id == workspace_id)).one()
    return row[0], row[1]


def set_run_allowance(session: Session, workspace_id: UUID, *, full_at: datetime) -> None:
    """Call `lock_queue` first."""
    statement = update(workspaces).where(workspaces.c.id == workspace_id)
    session.execute(statement.values(runs_full_at=full_at))


def usage_of(session: Session, workspace_id: UUID, *, without_rows_of: UUID | None = None) -> Usage:
    """Returns what the workspace uses, without the expected rows of run `without_rows_of`.

    Concurrent requests see the same free quota unless they call `lock_queue` or `lock_storage`
    first. A checkpoint that a fork shares with its parent counts for both.
    """
    is_counted = runs.c.id.is_distinct_from(without_rows_of)
    # one statement, because every POST waits for the result
    num_queued, num_running, num_preflights, num_rows, *num_bytes = session.execute(
        select(
            _number_with(RunStatus.QUEUED),
            _number_with(RunStatus.RUNNING),
            func.count().filter(runs.c.preflight_steps.is_not(None), runs.c.ended_at.is_(None)),
            func.coalesce(func.sum(_rows()).filter(is_counted), 0),
            func.coalesce(func.sum(runs.c.telemetry_bytes), 0),
            *_bytes_beside_telemetry(workspace_id),
        ).where(runs.c.workspace_id == workspace_id)
    ).one()
    return Usage(
        queued_runs=num_queued,
        running_runs=num_running,
        rows=int(num_rows),
        storage_bytes=int(sum(num_bytes)),
        preflights=num_preflights,
    )


def stored_bytes(session: Session, workspace_id: UUID) -> StoredBytes:
    """Returns what the workspace stores, by kind, as `usage_of` counts it."""
    telemetry = _sum_of(runs.c.telemetry_bytes).where(runs.c.workspace_id == workspace_id)
    found = session.execute(
        select(telemetry.scalar_subquery(), *_bytes_beside_telemetry(workspace_id))
    ).one()
    kinds = ("telemetry", "checkpoints", "artifacts", "uploads", "predictions")
    return StoredBytes(**dict(zip(kinds, map(int, found), strict=True)))


def database_bytes(session: Session) -> int:
    """Returns the size of the database on disk, of all workspaces together."""
    size: int = session.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
    return size


def _bytes_beside_telemetry(workspace_id: UUID) -> tuple[ScalarSelect[int], ...]:
    """Returns the sums of checkpoints, artifacts, data sets and predictions."""
    of_files = [
        _sum_of(table.c.num_bytes)
        .join(runs, runs.c.id == table.c.run_id)
        .where(runs.c.workspace_id == workspace_id)
        for table in (checkpoints, artifacts)
    ]
    of_others = [
        _sum_of(table.c.num_bytes).where(table.c.workspace_id == workspace_id)
        for table in (datasets, predictions)
    ]
    return tuple(query.scalar_subquery() for query in (*of_files, *of_others))


def _sum_of(number: Column[int]) -> Select[tuple[int]]:
    return select(func.coalesce(func.sum(number), 0))


def _number_with(status: RunStatus) -> ColumnElement[int]:
    return func.count().filter(runs.c.status == status.value)


def _rows() -> ColumnElement[int]:
    """Returns the rows of telemetry that count for a run.

    A run that has not ended counts with its expected rows where these are more than its stored
    ones, a run whose readings were dropped with none.
    """
    expected = func.greatest(runs.c.next_seq, runs.c.expected_rows)
    return case(
        (runs.c.ended_at.is_(None), expected),
        (runs.c.telemetry_dropped_at.is_not(None), 0),
        else_=runs.c.next_seq,
    )
