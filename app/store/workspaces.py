"""Workspaces: what a client can name belongs to one, and no query crosses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import InUse, NotFound
from app.domain.quotas import Quotas
from app.store.ids import new_id
from app.store.tables import runs, workspaces

#: Columns of the quotas that a workspace can have of its own.
QUOTA_NAMES = tuple(Quotas.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The owner of keys, data sets and runs."""

    id: UUID
    name: str
    created_at: datetime
    #: Name of a quota -> its own one; None where it has the installation's.
    own_quotas: Mapping[str, int | None]


def insert_workspace(
    session: Session, *, name: str, own_quotas: Mapping[str, int | None] | None = None
) -> Workspace:
    values = {"id": new_id(), "name": name, **(own_quotas or {})}
    statement = insert(workspaces).values(values).returning(*workspaces.c)
    return _workspace_of(session.execute(statement).mappings().one())


def find_workspace(session: Session, workspace_id: UUID) -> Workspace:
    statement = select(workspaces).where(workspaces.c.id == workspace_id)
    return _there(session.execute(statement).mappings().one_or_none())


def update_workspace(
    session: Session, workspace_id: UUID, *, changes: Mapping[str, str | int | None]
) -> Workspace:
    """`changes` are columns: its name, and quotas of its own; None gives one up."""
    if not changes:
        return find_workspace(session, workspace_id)
    statement = update(workspaces).where(workspaces.c.id == workspace_id).values(dict(changes))
    row = session.execute(statement.returning(*workspaces.c)).mappings().one_or_none()
    return _there(row)


def list_workspaces(session: Session) -> list[Workspace]:
    """Oldest first."""
    statement = select(workspaces).order_by(workspaces.c.id)
    return [_workspace_of(row) for row in session.execute(statement).mappings()]


def count_workspaces(session: Session) -> int:
    return session.execute(select(func.count()).select_from(workspaces)).scalar_one()


def delete_workspace(session: Session, workspace_id: UUID) -> tuple[UUID, ...]:
    """With its keys, data sets and runs, whose ids these are; refused while runs have not ended."""
    statement = select(runs.c.id, runs.c.ended_at).where(runs.c.workspace_id == workspace_id)
    found = session.execute(statement).all()
    if any(row.ended_at is None for row in found):
        raise InUse
    gone = delete(workspaces).where(workspaces.c.id == workspace_id)
    if session.execute(gone.returning(workspaces.c.id)).one_or_none() is None:
        raise NotFound
    return tuple(row.id for row in found)


def _there(row: RowMapping | None) -> Workspace:
    if row is None:
        raise NotFound
    return _workspace_of(row)


def _workspace_of(row: RowMapping) -> Workspace:
    return Workspace(
        id=row["id"],
        name=row["name"],
        created_at=row["created_at"],
        own_quotas={name: row[name] for name in QUOTA_NAMES},
    )
