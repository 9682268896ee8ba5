"""Cancel a prediction; a worker that computes it stops within seconds."""

from uuid import UUID

from app.domain.predictions import Prediction
from app.services.predictions.read_prediction import read_prediction
from app.store.database import UnitOfWork
from app.store.predictions import cancel_prediction as cancel_stored


def cancel_prediction(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, prediction_id: UUID
) -> Prediction:
    """Raises NotFound, and IllegalTransition when the prediction has ended."""
    read_prediction(work, workspace_id=workspace_id, run_id=run_id, prediction_id=prediction_id)
    return cancel_stored(work.session, workspace_id, prediction_id)
