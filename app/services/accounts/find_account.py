"""Find the workspace that somebody at the server's machine names, or the first one."""

from app.domain.errors import NotFound
from app.store.database import UnitOfWork
from app.store.workspaces import Workspace, list_workspaces


def find_account(work: UnitOfWork, *, named: str | None) -> Workspace:
    """Returns the workspace with this id or name; None means the installation's first one.

    Raises NotFound, also when several workspaces have the name.
    """
    found = [
        workspace
        for workspace in list_workspaces(work.session)
        if named is None or named in {str(workspace.id), workspace.name}
    ]
    if not found:
        detail = f"There is no workspace {named}." if named else "There is no workspace yet."
        raise NotFound(detail)
    if named is not None and len(found) > 1:
        detail = f"{len(found)} workspaces have the name {named}: name one of them by its id."
        raise NotFound(detail)
    return found[0]
