"""GET /v1/storage: what the workspace stores, and what room the installation has left."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.models.view import View
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import ApiSettings, ArtifactWatch, Read, RunsReader
from app.api.protocol.documented import ALWAYS
from app.services.fleet.measure_artifacts import measure_artifacts
from app.services.fleet.measure_storage import Storage, measure_storage

router = APIRouter(prefix="/v1", tags=["workers"], responses=ALWAYS)


class StorageView(View):
    """Sizes in bytes. Those of the workspace add up to what its quota limits."""

    telemetry_bytes: int
    """Measurements of the workspace's runs, in the database."""
    checkpoint_bytes: int
    """Checkpoints of its runs, in the artifact folder. A fork shares those of its parent, which
    count for both."""
    artifact_bytes: int
    """Other files that its runs left there."""
    upload_bytes: int
    """Its data sets, in the database."""
    prediction_bytes: int
    """Data and results of its predictions, in the database."""
    total_bytes: int
    """All of these together."""
    max_storage_bytes: int
    """The quota of the workspace."""
    database_bytes: int
    """The database on disk, with indexes, of all workspaces together."""
    free_bytes: int | None
    """What can still be written to the artifact folder; null when it takes no files."""


@router.get(
    "/storage",
    response_model=StorageView,
    responses=NOT_MODIFIED,
    operation_id="get_storage",
    summary="Measure storage",
    response_description="What is stored by kind, in bytes, and what room is left.",
)
def get_storage(
    request: Request,
    caller: RunsReader,
    read: Read,
    artifacts: ArtifactWatch,
    settings: ApiSettings,
) -> Response:
    """What the workspace stores by kind, beside its quota and the free space of the disk."""
    storage = read(
        lambda work: measure_storage(work, workspace_id=caller.workspace_id, quotas=settings.quotas)
    )
    return conditional_json(request, view_storage(storage, measure_artifacts(artifacts)))


def view_storage(storage: Storage, free_bytes: int | None) -> StorageView:
    stored = storage.stored
    return StorageView(
        telemetry_bytes=stored.telemetry,
        checkpoint_bytes=stored.checkpoints,
        artifact_bytes=stored.artifacts,
        upload_bytes=stored.uploads,
        prediction_bytes=stored.predictions,
        total_bytes=stored.total,
        max_storage_bytes=storage.most,
        database_bytes=storage.database,
        free_bytes=free_bytes,
    )
