"""End the suspension of a workspace."""

from uuid import UUID

from app.domain.audit import Act
from app.services.accounts.check_operator import check_operator
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workspaces import Workspace, lift_suspension


def resume_workspace(
    work: UnitOfWork, *, caller_workspace_id: UUID, workspace_id: UUID
) -> Workspace:
    """Its keys are valid again at once; its queued runs start with the next sweep of a worker.

    Raises Forbidden unless the caller is an operator, and NotFound.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    workspace = lift_suspension(work.session, workspace_id)
    record_act(work, Act.WORKSPACE_RESUMED, workspace_id=workspace_id, subject_id=workspace_id)
    return workspace
