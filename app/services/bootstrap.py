"""The first workspace and its admin key, made when there is none."""

from app.domain.access import Scope
from app.services.issue_key import issue_key
from app.store.database import UnitOfWork
from app.store.locks import BOOTSTRAP, wait_for
from app.store.workspaces import count_workspaces, insert_workspace

WORKSPACE = "default"
KEY_NAME = "first admin key"


def bootstrap(work: UnitOfWork, *, secret: str) -> str | None:
    """The admin key the first time, None ever after."""
    wait_for(work.session, BOOTSTRAP)
    if count_workspaces(work.session):
        return None
    workspace = insert_workspace(work.session, name=WORKSPACE)
    issued = issue_key(
        work, secret=secret, workspace_id=workspace.id, name=KEY_NAME, scopes=tuple(Scope)
    )
    return issued.key
