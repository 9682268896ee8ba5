"""List the workspaces that a caller may see: operators see all, others only their own."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.workspaces import Workspace
from app.store.workspaces import list_workspaces as list_all


def list_workspaces(work: UnitOfWork, *, caller_workspace_id: UUID) -> list[Workspace]:
    found = list_all(work.session)
    if found[0].id == caller_workspace_id:
        return found
    return [workspace for workspace in found if workspace.id == caller_workspace_id]
