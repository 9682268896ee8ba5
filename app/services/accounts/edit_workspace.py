"""Rename a workspace or change its quotas."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.audit import Act
from app.domain.quotas import Quotas
from app.services.accounts.check_operator import check_operator
from app.services.accounts.get_workspace import WorkspaceAccount, account_of
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workspaces import update_workspace


def edit_workspace(
    work: UnitOfWork,
    *,
    caller_workspace_id: UUID,
    workspace_id: UUID,
    changes: Mapping[str, str | int | None],
    quotas: Quotas,
) -> WorkspaceAccount:
    """Changes the workspace's name and its own quotas.

    None as a quota restores the installation's default, one of `quotas`. Raises Forbidden unless
    the caller is the operator, and NotFound.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    workspace = update_workspace(work.session, workspace_id, changes=changes)
    record_act(
        work,
        Act.WORKSPACE_CHANGED,
        workspace_id=workspace_id,
        subject_id=workspace_id,
        **changes,
    )
    return account_of(work, workspace, quotas=quotas)
