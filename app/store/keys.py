"""Stores API keys as what may be shown of them and an HMAC; never the keys themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, false, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound, WorkspaceSuspended
from app.store.ids import new_id
from app.store.locks import lock_number, take_lock
from app.store.tables import api_keys, workspaces
from app.store.times import database_now

#: The precision of `last_used_at`: it is written at most once in this time, not on every request.
LAST_USED_WITHIN = timedelta(minutes=1)
_SHOWN = tuple(column for column in api_keys.c if column.name != "digest")


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """The description of an API key; the key itself is not stored."""

    id: UUID
    workspace_id: UUID
    name: str
    #: The key's first and last characters, by which its holder recognises it.
    prefix: str
    last4: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


def insert_key(
    session: Session,
    *,
    workspace_id: UUID,
    name: str,
    scopes: Collection[str],
    prefix: str,
    last4: str,
    digest: bytes,
    expires_at: datetime | None = None,
) -> ApiKey:
    values = {
        "id": new_id(),
        "workspace_id": workspace_id,
        "name": name,
        "scopes": sorted(scopes),
        "prefix": prefix,
        "last4": last4,
        "digest": digest,
        "expires_at": expires_at,
    }
    statement = insert(api_keys).values(values).returning(*_SHOWN)
    return _key_of(session.execute(statement).mappings().one())


def find_usable_key(session: Session, *, digest: bytes) -> ApiKey | None:
    """Returns the valid key with this HMAC and updates `last_used_at`.

    Returns None when there is no such key, or when it is revoked or expired. Raises
    WorkspaceSuspended.
    """
    used_at = api_keys.c.last_used_at
    is_noted = func.coalesce(used_at > database_now() - LAST_USED_WITHIN, false())
    is_suspended = workspaces.c.suspended_at.is_not(None)
    statement = select(
        *_SHOWN, is_noted.label("is_noted"), is_suspended.label("is_suspended")
    ).join(workspaces)
    row = (
        session.execute(statement.where(api_keys.c.digest == digest, *is_valid_key()))
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    if row["is_suspended"]:
        raise WorkspaceSuspended
    if not row["is_noted"]:
        noted = update(api_keys).values(last_used_at=database_now())
        session.execute(noted.where(api_keys.c.id == row["id"]))
    return _key_of(row)


def usable_keys(session: Session, key_ids: Collection[UUID]) -> frozenset[UUID]:
    """Returns those of the keys that are valid and whose workspace is not suspended."""
    statement = select(api_keys.c.id).join(workspaces)
    statement = statement.where(
        api_keys.c.id.in_(key_ids), workspaces.c.suspended_at.is_(None), *is_valid_key()
    )
    return frozenset(session.execute(statement).scalars())


def find_key(session: Session, key_id: UUID) -> ApiKey:
    """Returns a key of any workspace. Raises NotFound."""
    statement = select(*_SHOWN).where(api_keys.c.id == key_id)
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _key_of(row)


def lock_keys(session: Session, workspace_id: UUID) -> None:
    """Keeps others from revoking keys of the workspace until the transaction ends."""
    take_lock(session, lock_number("keys", str(workspace_id)))


def has_successor(session: Session, key: ApiKey) -> bool:
    """Returns whether another valid key has all scopes of this one and expires no earlier."""
    expires_at = api_keys.c.expires_at
    lasts: list[ColumnElement[bool]] = [expires_at.is_(None)]
    if key.expires_at is not None:
        lasts.append(expires_at >= key.expires_at)
    statement = select(api_keys.c.id).where(
        api_keys.c.workspace_id == key.workspace_id,
        api_keys.c.id != key.id,
        api_keys.c.scopes.contains(list(key.scopes)),
        or_(*lasts),
        *is_valid_key(),
    )
    return session.execute(statement.limit(1)).one_or_none() is not None


def list_keys(session: Session, workspace_id: UUID) -> list[ApiKey]:
    """Oldest first, revoked ones included."""
    statement = (
        select(*_SHOWN).where(api_keys.c.workspace_id == workspace_id).order_by(api_keys.c.id)
    )
    return [_key_of(row) for row in session.execute(statement).mappings()]


def revoke_key(session: Session, workspace_id: UUID, key_id: UUID) -> ApiKey:
    """Revokes the key at once; revoking it again changes nothing. Raises NotFound."""
    statement = (
        update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.workspace_id == workspace_id)
        .values(revoked_at=_earlier_or_now())
        .returning(*_SHOWN)
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _key_of(row)


def is_valid_key() -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions of a key that is neither revoked nor expired."""
    expires_at = api_keys.c.expires_at
    return (
        api_keys.c.revoked_at.is_(None),
        or_(expires_at.is_(None), expires_at > database_now()),
    )


def _earlier_or_now() -> ColumnElement[datetime]:
    return func.coalesce(api_keys.c.revoked_at, database_now())


def _key_of(row: RowMapping) -> ApiKey:
    shown = {column.name: row[column.name] for column in _SHOWN}
    return ApiKey(**{**shown, "scopes": tuple(shown["scopes"])})
