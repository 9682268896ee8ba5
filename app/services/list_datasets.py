"""List a workspace's data sets, newest first, a page at a time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.datasets import Dataset, page_of_datasets


def list_datasets(
    work: UnitOfWork, *, workspace_id: UUID, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[Dataset]:
    return page_of_datasets(work.session, workspace_id, limit=limit, after=after)
