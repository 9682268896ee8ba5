"""List a run's files: its checkpoints and the files that it published at its end."""

from uuid import UUID

from app.domain.artifacts import Artifact, ArtifactKind, PublishedFile
from app.domain.checkpoints import CheckpointRecord
from app.store.artifacts import published_by
from app.store.checkpoints import checkpoints_of
from app.store.database import UnitOfWork
from app.store.runs import find_run


def list_artifacts(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> list[Artifact]:
    """Returns the published files by name, then the checkpoints, the latest first.

    Raises NotFound.
    """
    find_run(work.session, workspace_id, run_id)
    checkpoints = [_as_artifact(record) for record in checkpoints_of(work.session, run_id)]
    return [*published_by(work.session, run_id), *checkpoints]


def _as_artifact(record: CheckpointRecord) -> Artifact:
    file = PublishedFile(
        name=record.name,
        kind=ArtifactKind.CHECKPOINT,
        stored_name=record.name,
        num_bytes=record.num_bytes,
        sha256=record.sha256,
        step=record.step,
    )
    return Artifact(file=file, attempt=record.attempt, created_at=record.created_at)
