"""Identify the caller by the API key."""

from app.domain.access import Caller
from app.domain.errors import Unauthenticated
from app.domain.tokens import digest_of, is_well_formed
from app.store.database import UnitOfWork
from app.store.keys import find_usable_key


def authenticate(work: UnitOfWork, *, secret: str, key: str) -> Caller:
    """Returns the caller.

    Raises Unauthenticated for a malformed, unknown or invalid key, and WorkspaceSuspended.
    """
    if not is_well_formed(key):
        raise Unauthenticated
    found = find_usable_key(work.session, digest=digest_of(key, secret=secret))
    if found is None:
        raise Unauthenticated
    return Caller(workspace_id=found.workspace_id, key_id=found.id, scopes=frozenset(found.scopes))
