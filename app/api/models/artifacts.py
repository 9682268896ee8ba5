"""Views of the files of a run."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, JsonValue

from app.api.models.view import View
from app.api.protocol.root_path import Href
from app.domain.artifacts import MEDIA_TYPE_OF, Artifact, ArtifactKind

_EXAMPLE: dict[str, JsonValue] = {
    "items": [
        {
            "name": "model.safetensors",
            "kind": "model",
            "media_type": "application/octet-stream",
            "num_bytes": 52844,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "step": 5000,
            "attempt": 1,
            "created_at": "2026-01-05T10:00:00Z",
            "href": "/v1/runs/0190b2c4-7a10-7cc3-8b2f-3f1f0c9a4d21/artifacts/model.safetensors",
        }
    ],
    "next": None,
}


class ArtifactView(View):
    """One file, with the SHA-256 to check it by."""

    name: str
    """Name of the file, unique within the run."""
    kind: ArtifactKind
    """`checkpoint`: training can continue from it. `model`, `best`: weights as safetensors.
    `description`: how to use the weights. `program`: predicts with them. `golden`: inputs and
    outputs to check the program by."""
    media_type: str
    """Media type of its content."""
    num_bytes: int
    """Its size."""
    sha256: str
    """In hexadecimal. It is the ETag of the file too."""
    step: int | None
    """Optimizer steps that its weights were trained for; null for a file without weights."""
    attempt: int
    """The attempt that wrote it. A resumed run has the files of its earlier end until it ends."""
    created_at: datetime
    """When it was written."""
    href: Href
    """Where to download it."""


class ArtifactPage(View):
    """All files of a run, on one page."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    items: list[ArtifactView]
    """The files of the run."""
    next: str | None = None
    """Always null: all files are on one page."""


def view_artifacts(run_id: UUID, artifacts: Sequence[Artifact]) -> ArtifactPage:
    return ArtifactPage(items=[_view(run_id, artifact) for artifact in artifacts])


def _view(run_id: UUID, artifact: Artifact) -> ArtifactView:
    file = artifact.file
    return ArtifactView.of(
        file,
        media_type=MEDIA_TYPE_OF[file.kind],
        attempt=artifact.attempt,
        created_at=artifact.created_at,
        href=f"/v1/runs/{run_id}/artifacts/{file.name}",
    )
