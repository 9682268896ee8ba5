"""Create an API key for a workspace; the key itself is returned once and never stored."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.audit import Act
from app.domain.tokens import (
    ALPHABET,
    NUM_RANDOM,
    NUM_SHOWN_FIRST,
    NUM_SHOWN_LAST,
    assemble,
    digest_of,
)
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.keys import ApiKey, insert_key


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A new API key: its stored description and the key itself."""

    stored: ApiKey
    secret: str = field(repr=False)


def create_key(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    name: str,
    scopes: Collection[str],
    secret: str,
    expires_at: datetime | None = None,
) -> NewKey:
    """Creates a random key; `secret` is the service's, under which its HMAC is stored."""
    key = assemble("".join(secrets.choice(ALPHABET) for _ in range(NUM_RANDOM)))
    stored = insert_key(
        work.session,
        workspace_id=workspace_id,
        name=name,
        scopes=scopes,
        prefix=key[:NUM_SHOWN_FIRST],
        last4=key[-NUM_SHOWN_LAST:],
        digest=digest_of(key, secret=secret),
        expires_at=expires_at,
    )
    record_act(
        work,
        Act.KEY_CREATED,
        workspace_id=workspace_id,
        subject_id=stored.id,
        name=name,
        scopes=list(stored.scopes),
    )
    return NewKey(stored=stored, secret=key)
