"""Read all that a worker needs to compute a prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.domain.artifacts import ArtifactKind, PublishedFile
from app.domain.errors import InvalidData, NotFound
from app.domain.predictions import FILE_OF, Prediction, Source
from app.domain.specs.job import JobSpec
from app.store.artifacts import published_by
from app.store.database import UnitOfWork
from app.store.datasets import read_content
from app.store.predictions import read_source
from app.store.runs import find_run


@dataclass(frozen=True, kw_only=True)
class PredictionNeeds:
    """The rows, the run's spec and the run's files."""

    prediction: Prediction
    source: Source
    #: The stored form of the data set where the source is one.
    dataset: bytes | None
    spec: JobSpec
    description: PublishedFile
    weights: PublishedFile


def load_prediction(work: UnitOfWork, *, prediction_id: UUID, attempt: int) -> PredictionNeeds:
    """Raises Fenced, and InvalidData where the data set or the weights are gone."""
    session = work.session
    prediction, source = read_source(session, prediction_id=prediction_id, attempt=attempt)
    run = find_run(session, prediction.workspace_id, prediction.run_id)
    files: Mapping[ArtifactKind, PublishedFile] = {
        artifact.file.kind: artifact.file for artifact in published_by(session, run.id)
    }
    if not {ArtifactKind.DESCRIPTION, FILE_OF[prediction.weights]} <= files.keys():
        detail = "The run has no such weights any more."
        raise InvalidData(detail)
    dataset = None
    if source.kind == "dataset":
        dataset = _dataset(work, prediction, source)
    return PredictionNeeds(
        prediction=prediction,
        source=source,
        dataset=dataset,
        spec=run.spec,
        description=files[ArtifactKind.DESCRIPTION],
        weights=files[FILE_OF[prediction.weights]],
    )


def _dataset(work: UnitOfWork, prediction: Prediction, source: Source) -> bytes:
    detail = "The data set is no longer there."
    if source.dataset_id is None:
        raise InvalidData(detail)
    try:
        return read_content(work.session, prediction.workspace_id, source.dataset_id)
    except NotFound as error:
        raise InvalidData(detail) from error
