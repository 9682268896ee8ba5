"""Measure the free space of the artifact folder, for operators."""

from app.artifacts import ArtifactFolder
from app.domain.errors import ArtifactsUnavailable


def measure_artifacts(artifacts: ArtifactFolder) -> int | None:
    """Returns the free bytes; None when the folder is full, read-only or gone."""
    try:
        artifacts.check_writable()
        return artifacts.free_bytes()
    except ArtifactsUnavailable:
        return None
