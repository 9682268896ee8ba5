"""Find a checkpoint whose file is intact, before a run is started from it."""

from collections.abc import Sequence

from app.artifacts import ArtifactFolder
from app.domain.checkpoints import CheckpointRecord
from app.domain.errors import CheckpointDamaged, FileDamaged, NotFound


def find_intact(
    artifacts: ArtifactFolder, records: Sequence[CheckpointRecord]
) -> CheckpointRecord | None:
    """Returns the first of these checkpoints whose file is intact; None when there are none.

    Reads files to their end. Raises CheckpointDamaged, with the reason for the first of them, when
    no file is intact, and ArtifactsUnavailable.
    """
    first_reason = None
    for record in records:
        try:
            artifacts.verified(record.run_id, record.name, sha256=record.sha256)
        except (FileDamaged, NotFound) as error:
            reason = f"The checkpoint after step {record.step} cannot be read. {error.detail}"
            first_reason = first_reason or reason
        else:
            return record
    if first_reason is not None:
        raise CheckpointDamaged(first_reason)
    return None
