"""Revoke an API key: requests with it are refused from then on."""

from uuid import UUID

from app.domain.access import Scope
from app.domain.audit import Act
from app.domain.errors import LastAdminKey, NotFound
from app.services.accounts.check_operator import is_operator
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.keys import find_key, has_successor, lock_keys, usable_keys
from app.store.keys import revoke_key as revoke_row


def revoke_key(work: UnitOfWork, *, caller_workspace_id: UUID, key_id: UUID) -> None:
    """Revokes a key; revoking it again changes nothing.

    Operators may revoke any key of another workspace. Raises NotFound for a key that the caller
    may not see, and LastAdminKey when the caller's own workspace would have no admin key left that
    replaces this one.
    """
    session = work.session
    key = find_key(session, key_id)
    if key.workspace_id == caller_workspace_id:
        lock_keys(session, key.workspace_id)
        opens_admin = Scope.ADMIN in key.scopes and bool(usable_keys(session, [key_id]))
        if opens_admin and not has_successor(session, key):
            raise LastAdminKey
    elif not is_operator(work, workspace_id=caller_workspace_id):
        raise NotFound
    revoke_row(session, key.workspace_id, key_id)
    record_act(work, Act.KEY_REVOKED, workspace_id=key.workspace_id, subject_id=key_id)
