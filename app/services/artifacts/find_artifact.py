"""Find one file of a run by the name under which clients know it."""

from uuid import UUID

from app.domain.artifacts import Artifact
from app.domain.errors import NotFound
from app.services.artifacts.list_artifacts import list_artifacts
from app.store.database import UnitOfWork


def find_artifact(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, name: str) -> Artifact:
    """Raises NotFound, for the run or for its file."""
    for artifact in list_artifacts(work, workspace_id=workspace_id, run_id=run_id):
        if artifact.file.name == name:
            return artifact
    detail = "The run has no file of this name; its list of artifacts tells which there are."
    raise NotFound(detail)
