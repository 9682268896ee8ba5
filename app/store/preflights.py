"""Preflights: runs that are tried for a few steps, kept apart from the others and for a day."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import Run
from app.domain.specs.job import JobSpec
from app.store.run_rows import run_of
from app.store.runs import insert_run
from app.store.tables import runs
from app.store.times import database_now

#: After its end; its id answers 404 then.
KEPT_FOR = timedelta(hours=24)
#: Somebody waits for the answer, so that it goes before runs, whose priority is 0.
PRIORITY = 1000


def insert_preflight(session: Session, *, workspace_id: UUID, spec: JobSpec, num_steps: int) -> Run:
    """Queued; NotFound when its data set was deleted meanwhile."""
    return insert_run(
        session,
        workspace_id=workspace_id,
        spec=spec,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        priority=PRIORITY,
        preflight_steps=num_steps,
    )


def find_preflight(session: Session, workspace_id: UUID, preflight_id: UUID) -> Run:
    statement = select(runs).where(
        runs.c.id == preflight_id,
        runs.c.workspace_id == workspace_id,
        runs.c.preflight_steps.is_not(None),
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return run_of(row)


def forget_old_preflights(session: Session) -> None:
    """With all that they measured."""
    is_old = runs.c.ended_at < database_now() - KEPT_FOR
    session.execute(delete(runs).where(runs.c.preflight_steps.is_not(None), is_old))
