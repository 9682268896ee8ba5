"""Preflights: runs of a few steps, hidden from the list of runs and kept for a day."""

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

#: A preflight is deleted this long after its end; its id answers 404 from then on.
KEPT_FOR = timedelta(hours=24)
#: Above the priority of ordinary runs (0 by default), because a client waits for the answer.
PRIORITY = 1000


def insert_preflight(session: Session, *, workspace_id: UUID, spec: JobSpec, num_steps: int) -> Run:
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
    """Deletes preflights that ended more than `KEPT_FOR` ago, with their telemetry."""
    is_old = runs.c.ended_at < database_now() - KEPT_FOR
    session.execute(delete(runs).where(runs.c.preflight_steps.is_not(None), is_old))
