"""Stores sessions of browsers as an HMAC and the API key that opened them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.domain.errors import WorkspaceSuspended
from app.store.ids import new_id
from app.store.keys import is_valid_key
from app.store.tables import api_keys, browser_sessions, workspaces
from app.store.times import database_now, seconds_from_now

#: Sessions of one key; a further one ends the oldest, so that the table is bounded.
MAX_SESSIONS_OF_KEY = 20


@dataclass(frozen=True, kw_only=True)
class BrowserSession:
    """A session of a browser, and the key under which it was opened."""

    key_id: UUID
    workspace_id: UUID
    #: Of the key.
    scopes: frozenset[str]
    can_write: bool
    expires_at: datetime


def insert_session(
    session: Session, *, key_id: UUID, digest: bytes, can_write: bool, duration_s: float
) -> datetime:
    """Returns when the session ends. Deletes sessions that have ended, and the key's oldest."""
    ended = delete(browser_sessions).where(browser_sessions.c.expires_at <= database_now())
    session.execute(ended)
    newest = (
        select(browser_sessions.c.id)
        .where(browser_sessions.c.key_id == key_id)
        .order_by(browser_sessions.c.id.desc())
        .limit(MAX_SESSIONS_OF_KEY - 1)
    )
    oldest = delete(browser_sessions).where(
        browser_sessions.c.key_id == key_id, browser_sessions.c.id.not_in(newest)
    )
    session.execute(oldest)
    values = {
        "id": new_id(),
        "key_id": key_id,
        "digest": digest,
        "can_write": can_write,
        "expires_at": seconds_from_now(duration_s),
    }
    statement = insert(browser_sessions).values(values).returning(browser_sessions.c.expires_at)
    ends_at: datetime = session.execute(statement).scalar_one()
    return ends_at


def find_usable_session(session: Session, *, digest: bytes) -> BrowserSession | None:
    """Returns the session with this HMAC.

    Returns None when there is none, when it has ended, and when its key is not valid any more.
    Raises WorkspaceSuspended.
    """
    statement = (
        select(
            browser_sessions.c.key_id,
            browser_sessions.c.can_write,
            browser_sessions.c.expires_at,
            api_keys.c.workspace_id,
            api_keys.c.scopes,
            workspaces.c.suspended_at,
        )
        .join(api_keys, api_keys.c.id == browser_sessions.c.key_id)
        .join(workspaces, workspaces.c.id == api_keys.c.workspace_id)
        .where(
            browser_sessions.c.digest == digest,
            browser_sessions.c.expires_at > database_now(),
            *is_valid_key(),
        )
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    if row["suspended_at"] is not None:
        raise WorkspaceSuspended
    return BrowserSession(
        key_id=row["key_id"],
        workspace_id=row["workspace_id"],
        scopes=frozenset(row["scopes"]),
        can_write=row["can_write"],
        expires_at=row["expires_at"],
    )


def usable_sessions(session: Session, digests: Collection[bytes]) -> frozenset[bytes]:
    """Returns those of the HMACs whose session has not ended; their keys are not looked at."""
    if not digests:
        return frozenset()
    statement = select(browser_sessions.c.digest).where(
        browser_sessions.c.digest.in_(digests),
        browser_sessions.c.expires_at > database_now(),
    )
    return frozenset(bytes(digest) for digest in session.execute(statement).scalars())


def delete_session(session: Session, *, digest: bytes) -> None:
    """Deletes the session with this HMAC; without one, nothing changes."""
    session.execute(delete(browser_sessions).where(browser_sessions.c.digest == digest))
