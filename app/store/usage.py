"""What a workspace has of what its quotas limit."""

from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
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
    mine = runs.c.workspace_id == workspace_id
    is_counted = runs.c.id.is_distinct_from(without_rows_of)
    found = session.execute(
        select(
            _number_with(RunStatus.QUEUED),
            _number_with(RunStatus.RUNNING),
            func.coalesce(func.sum(_rows()).filter(is_counted), 0),
            func.coalesce(func.sum(runs.c.telemetry_bytes), 0),
        ).where(mine)
    ).one()
    of_files = [
        select(func.coalesce(func.sum(table.c.num_bytes), 0))
        .join(runs, runs.c.id == table.c.run_id)
        .where(mine)
        for table in (checkpoints, artifacts)
    ]
    of_uploads = select(func.coalesce(func.sum(datasets.c.num_bytes), 0)).where(
        datasets.c.workspace_id == workspace_id
    )
    num_queued, num_running, rows, telemetry_bytes = found
    other_bytes = (session.execute(asked).scalar_one() for asked in (*of_files, of_uploads))
    return Usage(
        queued_runs=num_queued,
        running_runs=num_running,
        rows=int(rows),
        storage_bytes=int(telemetry_bytes + sum(other_bytes)),
    )


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
