"""Read the state of a prediction and, once it has succeeded, its rows."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.predictions import Prediction
from app.domain.runs import RunStatus
from app.store.database import UnitOfWork
from app.store.predictions import find_prediction, read_answer


@dataclass(frozen=True, kw_only=True)
class PredictionRead:
    """A prediction and what it predicts."""

    prediction: Prediction
    #: A PredictionResult in JSON; None until the prediction has succeeded.
    answer: str | None


def read_prediction(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, prediction_id: UUID
) -> PredictionRead:
    """Raises NotFound, also where the prediction is of another run."""
    found = find_prediction(work.session, workspace_id, prediction_id)
    if found.run_id != run_id:
        raise NotFound
    has_answer = found.status is RunStatus.SUCCEEDED
    answer = read_answer(work.session, prediction_id) if has_answer else None
    return PredictionRead(prediction=found, answer=answer)
