"""Renew the lease of a prediction, or give it back to the queue."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.predictions import renew_prediction as renew_stored
from app.store.predictions import requeue_prediction


def renew_prediction(
    work: UnitOfWork, *, prediction_id: UUID, attempt: int, lease_s: float
) -> None:
    """Raises Fenced, also where the prediction was cancelled."""
    renew_stored(work.session, prediction_id=prediction_id, attempt=attempt, lease_s=lease_s)


def give_back_prediction(
    work: UnitOfWork, *, prediction_id: UUID, attempt: int, has_crashed: bool
) -> None:
    """Queues the prediction again; after too many crashes it fails. Raises Fenced."""
    requeue_prediction(
        work.session, prediction_id=prediction_id, attempt=attempt, is_charged=has_crashed
    )
