"""Check that a workspace is the operator's."""

from uuid import UUID

from app.domain.errors import Forbidden
from app.store.database import UnitOfWork
from app.store.workspaces import list_workspaces


def check_operator(work: UnitOfWork, *, workspace_id: UUID) -> None:
    """Raises Forbidden unless this is the installation's first workspace, the operator's."""
    first = list_workspaces(work.session)[0]
    if first.id != workspace_id:
        detail = "Only admins of the installation's first workspace may do this."
        raise Forbidden(detail)
