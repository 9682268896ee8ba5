"""Delete a data set that no queued or running run uses."""

from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.datasets import delete_dataset as delete_row


def delete_dataset(work: UnitOfWork, *, workspace_id: UUID, dataset_id: UUID) -> None:
    """Raises NotFound, and InUse while a run that has not ended uses the data set."""
    delete_row(work.session, workspace_id, dataset_id)
    record_act(work, Act.DATASET_DELETED, workspace_id=workspace_id, subject_id=dataset_id)
