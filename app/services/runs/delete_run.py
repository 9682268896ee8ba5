"""Delete a run with its rows and files; a worker that still trains it receives Fenced."""

from uuid import UUID

from app.artifacts import ArtifactFolder
from app.domain.audit import Act
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.runs import delete_run as delete_row


def delete_run(
    work: UnitOfWork, *, artifacts: ArtifactFolder, workspace_id: UUID, run_id: UUID
) -> None:
    """Deletes the run and, after the commit, its files. Raises NotFound."""
    delete_row(work.session, workspace_id, run_id)
    record_act(work, Act.RUN_DELETED, workspace_id=workspace_id, subject_id=run_id)
    work.after_commit(lambda: artifacts.remove_run(run_id))
