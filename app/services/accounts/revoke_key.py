"""Revoke an API key: from the next request on it opens nothing."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.keys import revoke_key as revoke_row


def revoke_key(work: UnitOfWork, *, workspace_id: UUID, key_id: UUID) -> None:
    """Revoking twice changes nothing."""
    revoke_row(work.session, workspace_id, key_id)
