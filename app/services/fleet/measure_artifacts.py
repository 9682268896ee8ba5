"""Measure the free space of the artifact folder, for operators."""

from app.artifacts import FolderWatch
from app.domain.errors import ArtifactsUnavailable


def measure_artifacts(artifacts: FolderWatch) -> int | None:
    """Returns the free bytes; None when the folder is full, read-only, gone, or does not answer."""
    try:
        return artifacts.free_bytes()
    except ArtifactsUnavailable:
        return None
