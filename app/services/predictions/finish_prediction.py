"""Store the answer of a prediction, or why there is none."""

from uuid import UUID

from app.domain.predictions import Failure
from app.store.database import UnitOfWork
from app.store.predictions import finish_prediction as finish_stored


def finish_prediction(
    work: UnitOfWork, *, prediction_id: UUID, attempt: int, outcome: str | Failure
) -> None:
    """`outcome` is a PredictionResult in JSON, or a failure. Raises Fenced."""
    finish_stored(work.session, prediction_id=prediction_id, attempt=attempt, outcome=outcome)
