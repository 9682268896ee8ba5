"""Measure what a workspace stores, and what room the installation has left."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.quotas import Quotas, StoredBytes
from app.store.database import UnitOfWork
from app.store.usage import database_bytes, stored_bytes
from app.store.workspaces import find_workspace


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Sizes in bytes."""

    stored: StoredBytes
    #: The quota of the workspace.
    most: int
    #: Of all workspaces together, with indexes.
    database: int


def measure_storage(work: UnitOfWork, *, workspace_id: UUID, quotas: Quotas) -> Storage:
    """`quotas` are those of the installation, which the workspace may override."""
    own = find_workspace(work.session, workspace_id).own_quotas
    return Storage(
        stored=stored_bytes(work.session, workspace_id),
        most=quotas.overridden(own).max_storage_bytes,
        database=database_bytes(work.session),
    )
