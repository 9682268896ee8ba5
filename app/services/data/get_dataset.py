"""Look up one data set of a workspace."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.datasets import Dataset, find_dataset


def get_dataset(work: UnitOfWork, *, workspace_id: UUID, dataset_id: UUID) -> Dataset:
    return find_dataset(work.session, workspace_id, dataset_id)
