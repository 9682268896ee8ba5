"""GET /v1/runs/{id}/artifacts: the files of a run, each with its SHA-256."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse

from app.api.models.artifacts import ArtifactPage, view_artifacts
from app.api.protocol.conditional import NOT_MODIFIED, POLLED, conditional_json, is_named
from app.api.protocol.deps import Artifacts, Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.domain.artifacts import MEDIA_TYPE_OF, Artifact
from app.domain.errors import FileDamaged
from app.services.artifacts.find_artifact import find_artifact
from app.services.artifacts.list_artifacts import list_artifacts

router = APIRouter(prefix="/v1/runs", tags=["files"], responses=ALWAYS)

#: Bytes that are read and sent at once.
_CHUNK_BYTES = 2**20
_FILE: dict[str, JsonValue] = {
    "description": "The file. `Repr-Digest` (RFC 9530) and the ETag contain its SHA-256.",
    "content": {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in sorted({kind.partition(";")[0] for kind in MEDIA_TYPE_OF.values()})
    },
}


@router.get(
    "/{run_id}/artifacts",
    response_model=ArtifactPage,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="list_artifacts",
    summary="List the files of a run",
    response_description="The files of the run, each with its size and SHA-256.",
)
def get_artifacts(request: Request, run_id: UUID, caller: RunsReader, read: Read) -> Response:
    """Checkpoints during training; after it weights, their description, a program and a log.

    The checkpoints are the last two and that of the best validation score, where a fork can start.
    `model.safetensors` contains the last weights of a run that succeeded without diverging,
    `best.safetensors` the weights of the evaluation in the run's `best`.
    """
    found = read(lambda work: list_artifacts(work, workspace_id=caller.workspace_id, run_id=run_id))
    return conditional_json(request, view_artifacts(run_id, found))


@router.get(
    "/{run_id}/artifacts/{name}",
    response_class=Response,
    responses={200: _FILE, **NOT_MODIFIED, **documented(404, FileDamaged())},
    operation_id="download_artifact",
    summary="Download a file of a run",
)
def get_artifact(
    request: Request,
    run_id: UUID,
    name: str,
    caller: RunsReader,
    read: Read,
    artifacts: Artifacts,
) -> Response:
    """The file is checked before it is sent: 410 where its content has changed."""
    found = read(
        lambda work: find_artifact(work, workspace_id=caller.workspace_id, run_id=run_id, name=name)
    )
    headers = _headers(found)
    if is_named(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    path = artifacts.verified(run_id, found.file.stored_name, sha256=found.file.sha256)
    length = {"Content-Length": str(found.file.num_bytes)}
    return StreamingResponse(_parts(path), headers={**_content_headers(found), **headers, **length})


def _headers(artifact: Artifact) -> dict[str, str]:
    """Headers that a 304 has too."""
    return {
        "ETag": f'"{artifact.file.sha256}"',
        "Cache-Control": POLLED,
        "Vary": "Authorization",
    }


def _content_headers(artifact: Artifact) -> dict[str, str]:
    digest = b64encode(bytes.fromhex(artifact.file.sha256)).decode()
    return {
        "Content-Type": MEDIA_TYPE_OF[artifact.file.kind],
        "Content-Disposition": f'attachment; filename="{artifact.file.name}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _parts(path: Path) -> Iterator[bytes]:
    """The file in parts. It is opened with the first part, so that no caller leaves it open."""
    with path.open("rb") as file:
        while part := file.read(_CHUNK_BYTES):
            yield part
