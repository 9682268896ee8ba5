"""Open, use and close the session of a browser, so that it holds no API key."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.access import READING, Caller
from app.domain.errors import Unauthenticated
from app.domain.tokens import digest_of
from app.services.accounts.authenticate import authenticate
from app.store.browser_sessions import (
    delete_session,
    find_usable_session,
    insert_session,
    usable_sessions,
)
from app.store.database import UnitOfWork

#: Seconds until somebody has to sign in again.
DURATION_S = 12 * 3600.0
#: Bytes of randomness of a token.
NUM_RANDOM_BYTES = 32
#: Characters of a token; longer ones are refused before anything is computed.
MAX_TOKEN_CHARACTERS = 100


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """A new session: its token, which is stored nowhere, and when it ends."""

    token: str = field(repr=False)
    expires_at: datetime


def open_session(work: UnitOfWork, *, secret: str, key: str, can_write: bool) -> OpenedSession:
    """Opens a session for the holder of an API key; without `can_write` it can only read.

    It ends with the key. Raises Unauthenticated and WorkspaceSuspended as the key itself would.
    """
    caller = authenticate(work, secret=secret, key=key)
    token = secrets.token_urlsafe(NUM_RANDOM_BYTES)
    expires_at = insert_session(
        work.session,
        key_id=caller.key_id,
        digest=digest_of(token, secret=secret),
        can_write=can_write,
        duration_s=DURATION_S,
    )
    return OpenedSession(token=token, expires_at=expires_at)


def caller_of_session(work: UnitOfWork, *, secret: str, token: str) -> Caller:
    """Returns the key's holder, with the scopes of the session.

    Raises Unauthenticated for an unknown or ended session, and WorkspaceSuspended.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise Unauthenticated
    found = find_usable_session(work.session, digest=digest_of(token, secret=secret))
    if found is None:
        raise Unauthenticated
    scopes = found.scopes if found.can_write else found.scopes & READING
    return Caller(workspace_id=found.workspace_id, key_id=found.key_id, scopes=scopes)


def check_session(work: UnitOfWork, *, digest: bytes) -> None:
    """Raises Unauthenticated when the session with this HMAC has ended."""
    if not usable_sessions(work.session, [digest]):
        raise Unauthenticated


def close_session(work: UnitOfWork, *, secret: str, token: str) -> None:
    """Ends the session at once; an unknown token changes nothing."""
    if len(token) <= MAX_TOKEN_CHARACTERS:
        delete_session(work.session, digest=digest_of(token, secret=secret))
