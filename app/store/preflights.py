"""Preflights: runs of a few steps, hidden from the list of runs and kept for a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, delete, select, tuple_, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import Run
from app.domain.specs.job import JobSpec
from app.store.run_rows import run_of
from app.store.runs import insert_run
from app.store.tables import runs
from app.store.times import database_now

#: A preflight is deleted this long after its end; its id answers 404 from then on.
KEPT_FOR = timedelta(hours=24)
#: Above the priority of ordinary runs (0 by default), because a client waits for the answer.
PRIORITY = 1000


def insert_preflight(
    session: Session,
    *,
    workspace_id: UUID,
    spec: JobSpec,
    num_steps: int,
    expected_memory_bytes: int = 0,
) -> Run:
    """Inserts a queued preflight. Raises NotFound when its data set does not exist any more."""
    return insert_run(
        session,
        workspace_id=workspace_id,
        spec=spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        priority=PRIORITY,
        preflight_steps=num_steps,
        expected_memory_bytes=expected_memory_bytes,
    )


def find_preflight(session: Session, workspace_id: UUID, preflight_id: UUID) -> Run:
    return _one(session, select(runs).where(*_owned(workspace_id), runs.c.id == preflight_id))


def lock_preflight(session: Session, workspace_id: UUID, preflight_id: UUID) -> Run:
    """Returns the preflight, locked against changes until the end of the transaction.

    Raises NotFound.
    """
    wanted = select(runs).where(*_owned(workspace_id), runs.c.id == preflight_id)
    return _one(session, wanted.with_for_update(key_share=True))


def page_of_preflights(
    session: Session,
    workspace_id: UUID,
    *,
    statuses: Sequence[str],
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[Run]:
    """Returns a page, newest first; `after` is (created_at, id) of the previous page's last one.

    Without `statuses`, those of every status.
    """
    statement = select(runs).where(*_owned(workspace_id))
    if statuses:
        statement = statement.where(runs.c.status.in_(statuses))
    if after is not None:
        statement = statement.where(tuple_(runs.c.created_at, runs.c.id) < after)
    newest = (runs.c.created_at.desc(), runs.c.id.desc())
    rows = session.execute(statement.order_by(*newest).limit(limit)).mappings()
    return [run_of(row) for row in rows]


def note_comparison(session: Session, preflight_ids: Sequence[UUID]) -> None:
    """Notes at each of the preflights that they are the arms of one comparison."""
    arms = update(runs).where(runs.c.id.in_(preflight_ids))
    session.execute(arms.values(compared_ids=list(preflight_ids)))


def _owned(workspace_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (runs.c.workspace_id == workspace_id, runs.c.preflight_steps.is_not(None))


def _one(session: Session, statement: Executable) -> Run:
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return run_of(row)


def forget_old_preflights(session: Session) -> None:
    """Deletes preflights that ended more than `KEPT_FOR` ago, with their telemetry."""
    is_old = runs.c.ended_at < database_now() - KEPT_FOR
    session.execute(delete(runs).where(runs.c.preflight_steps.is_not(None), is_old))
