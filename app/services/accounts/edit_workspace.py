"""Rename a workspace or change what it may have."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.quotas import Quotas
from app.services.accounts.check_operator import check_operator
from app.services.accounts.get_workspace import WorkspaceAccount, account_of
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
    """For the operator alone. `changes` are its name and its own quotas; None gives one up."""
    check_operator(work, workspace_id=caller_workspace_id)
    workspace = update_workspace(work.session, workspace_id, changes=changes)
    return account_of(work, workspace, quotas=quotas)
