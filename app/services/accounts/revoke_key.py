"""Revoke an API key: requests with it are refused from then on."""

from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.keys import revoke_key as revoke_row


def revoke_key(work: UnitOfWork, *, workspace_id: UUID, key_id: UUID) -> None:
    """Revokes the key; revoking it again changes nothing. Raises NotFound."""
    revoke_row(work.session, workspace_id, key_id)
    record_act(work, Act.KEY_REVOKED, workspace_id=workspace_id, subject_id=key_id)
