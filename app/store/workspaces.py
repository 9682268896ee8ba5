"""Workspaces: what a client can name belongs to one, and no query crosses it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.domain.errors import InUse, NotFound
from app.store.ids import new_id
from app.store.tables import runs, workspaces


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The owner of keys, data sets and runs."""

    id: UUID
    name: str
    created_at: datetime


def insert_workspace(session: Session, *, name: str) -> Workspace:
    statement = insert(workspaces).values(id=new_id(), name=name).returning(*workspaces.c)
    return Workspace(**session.execute(statement).mappings().one())


def list_workspaces(session: Session) -> list[Workspace]:
    """Oldest first."""
    statement = select(workspaces).order_by(workspaces.c.id)
    return [Workspace(**row) for row in session.execute(statement).mappings()]


def count_workspaces(session: Session) -> int:
    return session.execute(select(func.count()).select_from(workspaces)).scalar_one()


def delete_workspace(session: Session, workspace_id: UUID) -> None:
    """With its keys, data sets and runs; refused while runs have not ended."""
    waiting = (
        select(runs.c.id)
        .where(runs.c.workspace_id == workspace_id, runs.c.ended_at.is_(None))
        .limit(1)
    )
    if session.execute(waiting).first() is not None:
        raise InUse
    statement = delete(workspaces).where(workspaces.c.id == workspace_id)
    if session.execute(statement.returning(workspaces.c.id)).one_or_none() is None:
        raise NotFound
