"""Make an API key; it is returned once and stored nowhere."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.access import Scope
from app.domain.api_keys import ALPHABET, NUM_LAST, NUM_RANDOM, NUM_SHOWN, assemble_key, digest_of
from app.store.database import UnitOfWork
from app.store.keys import ApiKey, insert_key


@dataclass(frozen=True, kw_only=True)
class IssuedKey:
    """A new key: what is stored, and the one sight of the key itself."""

    stored: ApiKey
    key: str


def issue_key(
    work: UnitOfWork,
    *,
    secret: str,
    workspace_id: UUID,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None = None,
) -> IssuedKey:
    key = assemble_key("".join(secrets.choice(ALPHABET) for _ in range(NUM_RANDOM)))
    stored = insert_key(
        work.session,
        workspace_id=workspace_id,
        name=name,
        scopes=[scope.value for scope in scopes],
        prefix=key[:NUM_SHOWN],
        last4=key[-NUM_LAST:],
        digest=digest_of(key, secret=secret),
        expires_at=expires_at,
    )
    return IssuedKey(stored=stored, key=key)
