"""Check that a workspace is the operator's: the installation's first one."""

from uuid import UUID

from app.domain.errors import Forbidden
from app.store.database import UnitOfWork
from app.store.workspaces import first_workspace_id


def check_operator(work: UnitOfWork, *, workspace_id: UUID) -> None:
    """Raises Forbidden unless this is the operator's workspace."""
    if not is_operator(work, workspace_id=workspace_id):
        detail = "Only admins of the installation's first workspace may do this."
        raise Forbidden(detail)


def is_operator(work: UnitOfWork, *, workspace_id: UUID) -> bool:
    """Returns whether this is the operator's workspace."""
    return first_workspace_id(work.session) == workspace_id
