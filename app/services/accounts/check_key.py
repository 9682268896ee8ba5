"""Check that the API key of a long-lived request is still valid."""

from app.domain.access import Caller
from app.domain.errors import Unauthenticated, WorkspaceSuspended
from app.store.database import UnitOfWork
from app.store.keys import usable_keys
from app.store.workspaces import suspended_ids


def check_key(work: UnitOfWork, caller: Caller) -> None:
    """Raises WorkspaceSuspended, and Unauthenticated when the key is revoked or expired."""
    if usable_keys(work.session, [caller.key_id]):
        return
    if suspended_ids(work.session, [caller.workspace_id]):
        raise WorkspaceSuspended
    raise Unauthenticated
