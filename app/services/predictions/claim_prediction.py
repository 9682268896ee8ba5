"""Claim the next prediction, which a worker computes beside its slots."""

from uuid import UUID

from app.domain.predictions import Prediction
from app.store.database import UnitOfWork
from app.store.predictions import claim_prediction as claim_stored
from app.store.workers import memory_to_claim_for


def claim_prediction(work: UnitOfWork, *, worker_id: UUID, lease_s: float) -> Prediction | None:
    """Returns the prediction with its new attempt; None where none waits.

    A worker that is drained gets none.
    """
    if memory_to_claim_for(work.session, worker_id) is None:
        return None
    return claim_stored(work.session, lease_s=lease_s)
