"""List the descriptions of a workspace's API keys, revoked ones included."""

from uuid import UUID

from app.domain.errors import NotFound
from app.services.accounts.check_operator import is_operator
from app.store.database import UnitOfWork
from app.store.keys import ApiKey
from app.store.keys import list_keys as list_rows


def list_keys(work: UnitOfWork, *, caller_workspace_id: UUID, workspace_id: UUID) -> list[ApiKey]:
    """Returns the keys, oldest first. Raises NotFound for a workspace that the caller may not see.

    Operators may see every workspace, others only their own.
    """
    is_own = workspace_id == caller_workspace_id
    if not is_own and not is_operator(work, workspace_id=caller_workspace_id):
        raise NotFound
    return list_rows(work.session, workspace_id)
