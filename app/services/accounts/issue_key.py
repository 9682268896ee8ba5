"""Create an API key at the request of a caller, who can grant only the caller's own scopes."""

from collections.abc import Collection
from datetime import datetime

from app.domain.access import Caller, check_may_grant
from app.services.accounts.create_key import NewKey, create_key
from app.store.database import UnitOfWork


def issue_key(
    work: UnitOfWork,
    *,
    caller: Caller,
    name: str,
    scopes: Collection[str],
    secret: str,
    expires_at: datetime | None,
) -> NewKey:
    """Creates a key of the caller's workspace. Raises Forbidden for a scope that the caller lacks.

    `secret` is the service's, under which the key's HMAC is stored.
    """
    check_may_grant(caller, scopes)
    return create_key(
        work,
        workspace_id=caller.workspace_id,
        name=name,
        scopes=scopes,
        secret=secret,
        expires_at=expires_at,
    )
