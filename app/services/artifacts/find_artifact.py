"""Find one file of a run by its public name."""

from uuid import UUID

from app.domain.artifacts import Artifact
from app.domain.errors import NotFound
from app.services.artifacts.list_artifacts import list_artifacts
from app.store.database import UnitOfWork


def find_artifact(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, name: str) -> Artifact:
    """Returns the file. Raises NotFound when the run or the file does not exist."""
    for artifact in list_artifacts(work, workspace_id=workspace_id, run_id=run_id):
        if artifact.file.name == name:
            return artifact
    detail = "The run has no file of this name; GET /v1/runs/{id}/artifacts lists its files."
    raise NotFound(detail)
