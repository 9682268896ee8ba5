"""List a workspace's data sets, newest first, in pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.datasets import Dataset, page_of_datasets


@dataclass(frozen=True, kw_only=True)
class DatasetList:
    """One page of data sets."""

    items: tuple[Dataset, ...]
    #: (created_at, id) of the last item when more follow, otherwise None.
    last: tuple[datetime, UUID] | None


def list_datasets(
    work: UnitOfWork, *, workspace_id: UUID, limit: int, after: tuple[datetime, UUID] | None
) -> DatasetList:
    # one row more than the page shows whether there is a next page
    found = page_of_datasets(work.session, workspace_id, limit=limit + 1, after=after)
    page = tuple(found[:limit])
    has_more = len(found) > limit
    return DatasetList(items=page, last=(page[-1].created_at, page[-1].id) if has_more else None)
