"""Workspaces: every key, data set and run belongs to one, and no query crosses workspaces."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import InUse, NotFound
from app.domain.quotas import Quotas
from app.store.ids import new_id
from app.store.tables import runs, workspaces
from app.store.times import database_now

#: Columns of the quotas that a workspace can override.
QUOTA_NAMES = tuple(Quotas.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The owner of keys, data sets and runs."""

    id: UUID
    name: str
    created_at: datetime
    #: Name of a quota -> the workspace's own value, or None for the installation's default.
    own_quotas: Mapping[str, int | None]
    suspended_at: datetime | None


def insert_workspace(
    session: Session, *, name: str, own_quotas: Mapping[str, int | None] | None = None
) -> Workspace:
    values = {"id": new_id(), "name": name, **(own_quotas or {})}
    statement = insert(workspaces).values(values).returning(*workspaces.c)
    return _workspace_of(session.execute(statement).mappings().one())


def find_workspace(session: Session, workspace_id: UUID) -> Workspace:
    statement = select(workspaces).where(workspaces.c.id == workspace_id)
    return _found(session.execute(statement).mappings().one_or_none())


def update_workspace(
    session: Session, workspace_id: UUID, *, changes: Mapping[str, str | int | None]
) -> Workspace:
    """Changes a workspace's columns: its name and its own quotas. Raises NotFound.

    None as a quota restores the installation's default.
    """
    if not changes:
        return find_workspace(session, workspace_id)
    statement = update(workspaces).where(workspaces.c.id == workspace_id).values(dict(changes))
    row = session.execute(statement.returning(*workspaces.c)).mappings().one_or_none()
    return _found(row)


def suspend(session: Session, workspace_id: UUID) -> Workspace:
    """Suspends a workspace; suspending it again changes nothing. Raises NotFound."""
    since = func.coalesce(workspaces.c.suspended_at, database_now())
    return _with_suspension(session, workspace_id, since)


def lift_suspension(session: Session, workspace_id: UUID) -> Workspace:
    """Ends a suspension, if there is one. Raises NotFound."""
    return _with_suspension(session, workspace_id, None)


def suspended_ids(session: Session, workspace_ids: Collection[UUID]) -> frozenset[UUID]:
    """Returns those of the workspaces that are suspended."""
    statement = select(workspaces.c.id).where(
        workspaces.c.id.in_(workspace_ids), workspaces.c.suspended_at.is_not(None)
    )
    return frozenset(session.execute(statement).scalars())


def list_workspaces(session: Session) -> list[Workspace]:
    """Returns all workspaces, oldest first."""
    statement = select(workspaces).order_by(workspaces.c.id)
    return [_workspace_of(row) for row in session.execute(statement).mappings()]


def first_workspace_id(session: Session) -> UUID | None:
    """Returns the id of the installation's first workspace, the operator's."""
    statement = select(workspaces.c.id).order_by(workspaces.c.id).limit(1)
    return session.execute(statement).scalar_one_or_none()


def count_workspaces(session: Session) -> int:
    return session.execute(select(func.count()).select_from(workspaces)).scalar_one()


def delete_workspace(session: Session, workspace_id: UUID) -> tuple[UUID, ...]:
    """Deletes a workspace with its keys, data sets and runs; returns the ids of the runs.

    Raises InUse while a run has not ended, and NotFound.
    """
    statement = select(runs.c.id, runs.c.ended_at).where(runs.c.workspace_id == workspace_id)
    found = session.execute(statement).all()
    if any(row.ended_at is None for row in found):
        raise InUse
    gone = delete(workspaces).where(workspaces.c.id == workspace_id)
    if session.execute(gone.returning(workspaces.c.id)).one_or_none() is None:
        raise NotFound
    return tuple(row.id for row in found)


def _with_suspension(
    session: Session, workspace_id: UUID, since: ColumnElement[datetime] | None
) -> Workspace:
    statement = update(workspaces).where(workspaces.c.id == workspace_id)
    changed = statement.values(suspended_at=since).returning(*workspaces.c)
    return _found(session.execute(changed).mappings().one_or_none())


def _found(row: RowMapping | None) -> Workspace:
    if row is None:
        raise NotFound
    return _workspace_of(row)


def _workspace_of(row: RowMapping) -> Workspace:
    return Workspace(
        id=row["id"],
        name=row["name"],
        created_at=row["created_at"],
        own_quotas={name: row[name] for name in QUOTA_NAMES},
        suspended_at=row["suspended_at"],
    )
