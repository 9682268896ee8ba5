"""The audit log: acts are inserted in the transaction that they belong to, and never changed.

They are deleted once they are older than the installation keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from app.domain.audit import Act, Actor
from app.store.documents import decode, encode
from app.store.ids import new_id
from app.store.tables import audited_acts


@dataclass(frozen=True, kw_only=True)
class AuditedAct:
    """One act, with its actor's principal, key and address."""

    id: UUID
    created_at: datetime
    #: The workspace to which the act was done.
    workspace_id: UUID
    principal: str
    key_id: UUID | None
    address: str | None
    request_id: str | None
    act: Act
    subject_id: UUID
    detail: Mapping[str, JsonValue]


def insert_act(
    session: Session,
    actor: Actor,
    *,
    act: Act,
    workspace_id: UUID,
    subject_id: UUID,
    detail: Mapping[str, object],
) -> None:
    values = {
        "id": new_id(),
        "workspace_id": workspace_id,
        "principal": actor.principal,
        "key_id": actor.key_id,
        "address": actor.address,
        "request_id": actor.request_id,
        "act": act.value,
        "subject_id": subject_id,
        "detail": encode(detail),
    }
    session.execute(insert(audited_acts).values(values))


def delete_old_acts(session: Session, *, older_than_days: int, limit: int) -> int:
    """Deletes the oldest acts that are older than so many days; returns how many it deleted."""
    table = audited_acts.c
    horizon = func.now() - timedelta(days=older_than_days)
    old = (
        select(table.id)
        .where(table.created_at < horizon)
        .order_by(table.created_at, table.id)
        .limit(limit)
    )
    statement = delete(audited_acts).where(table.id.in_(old)).returning(table.id)
    return len(session.execute(statement).all())


def page_of_acts(
    session: Session,
    workspace_id: UUID | None,
    *,
    act: Act | None,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[AuditedAct]:
    """Returns a page, newest first; `after` is (created_at, id) of the previous page's last act.

    Without a workspace or an act, those of all.
    """
    table = audited_acts.c
    statement = select(audited_acts)
    if workspace_id is not None:
        statement = statement.where(table.workspace_id == workspace_id)
    if act is not None:
        statement = statement.where(table.act == act.value)
    if after is not None:
        statement = statement.where(tuple_(table.created_at, table.id) < after)
    newest = (table.created_at.desc(), table.id.desc())
    rows = session.execute(statement.order_by(*newest).limit(limit)).mappings()
    return [_act_of(row) for row in rows]


def _act_of(row: RowMapping) -> AuditedAct:
    changes = {"act": Act(row["act"]), "detail": decode(row["detail"])}
    return AuditedAct(**{**row, **changes})
