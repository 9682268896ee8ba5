"""Revoke an API key of any workspace at the server's machine, which can also make new keys."""

from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.keys import ApiKey, find_key, revoke_key


def revoke_any_key(work: UnitOfWork, *, key_id: UUID) -> ApiKey:
    """Revokes the key; revoking it again changes nothing. Raises NotFound."""
    key = find_key(work.session, key_id)
    record_act(work, Act.KEY_REVOKED, workspace_id=key.workspace_id, subject_id=key_id)
    return revoke_key(work.session, key.workspace_id, key_id)
