"""List the descriptions of a workspace's API keys, revoked ones included."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.keys import ApiKey
from app.store.keys import list_keys as list_rows


def list_keys(work: UnitOfWork, *, workspace_id: UUID) -> list[ApiKey]:
    return list_rows(work.session, workspace_id)
