"""What a workspace has of what its quotas limit."""

from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from app.domain.quotas import Usage
from app.domain.runs import RunStatus
from app.store.locks import number_of, wait_for
from app.store.tables import artifacts, checkpoints, datasets, runs


def hold_queue(session: Session, workspace_id: UUID) -> None:
    """Nobody else is let into the workspace's queue until the end of the transaction."""
    wait_for(session, number_of("queue", str(workspace_id)))


def hold_storage(session: Session, workspace_id: UUID) -> None:
    """The same of uploads, which take too long for runs to wait for them."""
    wait_for(session, number_of("storage", str(workspace_id)))


def usage_of(session: Session, workspace_id: UUID, *, without_rows_of: UUID | None = None) -> Usage:
    """Two requests of one moment find the same room unless they hold it, as above.

    Checkpoints that a fork shares with its parent count for both.
    """
    is_counted = runs.c.id.is_distinct_from(without_rows_of)
    of_files = [
        _sum_of(table.c.num_bytes)
        .join(runs, runs.c.id == table.c.run_id)
        .where(runs.c.workspace_id == workspace_id)
        for table in (checkpoints, artifacts)
    ]
    of_uploads = _sum_of(datasets.c.num_bytes).where(datasets.c.workspace_id == workspace_id)
    # one statement: each post waits for it
    num_queued, num_running, num_rows, *num_bytes = session.execute(
        select(
            _number_with(RunStatus.QUEUED),
            _number_with(RunStatus.RUNNING),
            func.coalesce(func.sum(_rows()).filter(is_counted), 0),
            func.coalesce(func.sum(runs.c.telemetry_bytes), 0),
            *(asked.scalar_subquery() for asked in (*of_files, of_uploads)),
        ).where(runs.c.workspace_id == workspace_id)
    ).one()
    return Usage(
        queued_runs=num_queued,
        running_runs=num_running,
        rows=int(num_rows),
        storage_bytes=int(sum(num_bytes)),
    )


def _sum_of(number: Column[int]) -> Select[tuple[int]]:
    return select(func.coalesce(func.sum(number), 0))


def _number_with(status: RunStatus) -> ColumnElement[int]:
    return func.count().filter(runs.c.status == status.value)


def _rows() -> ColumnElement[int]:
    """A run's flushes: so far, or those it is reckoned to make as long as it has not ended."""
    expected = func.greatest(runs.c.next_seq, runs.c.expected_rows)
    return case(
        (runs.c.ended_at.is_(None), expected),
        (runs.c.telemetry_dropped_at.is_not(None), 0),
        else_=runs.c.next_seq,
    )
