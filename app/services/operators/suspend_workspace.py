"""Suspend a workspace: its keys are refused, its queued runs wait, its running ones pause."""

from uuid import UUID

from app.domain.audit import Act
from app.domain.errors import Conflict
from app.services.accounts.check_operator import check_operator
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workspaces import Workspace, suspend


def suspend_workspace(
    work: UnitOfWork, *, caller_workspace_id: UUID, workspace_id: UUID
) -> Workspace:
    """Suspends the workspace; suspending it again changes nothing.

    A running run pauses at its worker's next heartbeat: it saves a checkpoint and is queued again.
    Raises Forbidden unless the caller is an operator, Conflict for the operator's own workspace,
    and NotFound.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    if workspace_id == caller_workspace_id:
        detail = "The installation's first workspace cannot be suspended: this key belongs to it."
        raise Conflict(detail)
    workspace = suspend(work.session, workspace_id)
    record_act(work, Act.WORKSPACE_SUSPENDED, workspace_id=workspace_id, subject_id=workspace_id)
    return workspace
