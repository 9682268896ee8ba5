"""Create the first workspace and its admin key when no workspace exists."""

from app.domain.access import Scope
from app.domain.tokens import fingerprint_of
from app.services.accounts.check_secret import check_secret
from app.services.accounts.create_key import create_key
from app.store.database import UnitOfWork
from app.store.installation import save_secret_fingerprint
from app.store.locks import BOOTSTRAP, take_lock
from app.store.workspaces import count_workspaces, insert_workspace

WORKSPACE = "default"
KEY_NAME = "first admin key"


def bootstrap(work: UnitOfWork, *, secret: str) -> str | None:
    """Returns the new admin key, or None when a workspace exists.

    Raises Misconfigured when `secret` is not the one of the first start.
    """
    take_lock(work.session, BOOTSTRAP)
    if not check_secret(work, secret=secret):
        save_secret_fingerprint(work.session, fingerprint_of(secret))
    if count_workspaces(work.session):
        return None
    workspace = insert_workspace(work.session, name=WORKSPACE)
    key = create_key(
        work, workspace_id=workspace.id, name=KEY_NAME, scopes=tuple(Scope), secret=secret
    )
    return key.secret
