"""Create a workspace with a first admin key, so that a client can use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.domain.access import Scope
from app.domain.audit import Act
from app.services.accounts.check_operator import check_operator
from app.services.accounts.create_key import NewKey, create_key
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workspaces import Workspace, insert_workspace


@dataclass(frozen=True, kw_only=True)
class NewWorkspace:
    """A workspace and its first admin key."""

    workspace: Workspace
    admin_key: NewKey


def create_workspace(
    work: UnitOfWork,
    *,
    caller_workspace_id: UUID,
    name: str,
    own_quotas: Mapping[str, int | None],
    secret: str,
) -> NewWorkspace:
    """Creates the workspace. Raises Forbidden unless the caller is the operator.

    `secret` is the service's, under which the key's HMAC is stored.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    workspace = insert_workspace(work.session, name=name, own_quotas=own_quotas)
    record_act(
        work,
        Act.WORKSPACE_CREATED,
        workspace_id=workspace.id,
        subject_id=workspace.id,
        name=name,
        **own_quotas,
    )
    key = create_key(
        work, workspace_id=workspace.id, name="admin", scopes=tuple(Scope), secret=secret
    )
    return NewWorkspace(workspace=workspace, admin_key=key)
