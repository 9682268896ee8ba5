"""Look up a workspace, its quotas and how much of them it uses."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.quotas import Quotas, Usage
from app.services.accounts.list_workspaces import list_workspaces
from app.store.database import UnitOfWork
from app.store.usage import usage_of
from app.store.workspaces import Workspace


@dataclass(frozen=True, kw_only=True)
class WorkspaceAccount:
    """A workspace, its quotas and its usage."""

    workspace: Workspace
    quotas: Quotas
    usage: Usage


def get_workspace(
    work: UnitOfWork, *, caller_workspace_id: UUID, workspace_id: UUID, quotas: Quotas
) -> WorkspaceAccount:
    """Returns a workspace that the caller may see; raises NotFound for every other.

    The operator may see every workspace, others only their own. `quotas` are the installation's.
    """
    for workspace in list_workspaces(work, caller_workspace_id=caller_workspace_id):
        if workspace.id == workspace_id:
            return account_of(work, workspace, quotas=quotas)
    raise NotFound


def account_of(work: UnitOfWork, workspace: Workspace, *, quotas: Quotas) -> WorkspaceAccount:
    """Adds the quotas in force and the usage to a workspace; `quotas` are the installation's."""
    return WorkspaceAccount(
        workspace=workspace,
        quotas=quotas.overridden(workspace.own_quotas),
        usage=usage_of(work.session, workspace.id),
    )
