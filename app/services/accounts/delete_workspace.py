"""Delete a workspace with its keys, data sets and runs, and the files of the runs."""

from functools import partial
from uuid import UUID

from app.artifacts import ArtifactFolder
from app.domain.audit import Act
from app.domain.errors import Conflict
from app.services.accounts.check_operator import check_operator
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workspaces import delete_workspace as delete_row


def delete_workspace(
    work: UnitOfWork,
    *,
    artifacts: ArtifactFolder,
    caller_workspace_id: UUID,
    workspace_id: UUID,
) -> None:
    """Deletes the workspace and, after the commit, the files of its runs.

    Raises Forbidden unless the caller is the operator, Conflict for the operator's own workspace,
    InUse while a run has not ended, and NotFound.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    if workspace_id == caller_workspace_id:
        detail = "The installation's first workspace cannot be deleted: this key belongs to it."
        raise Conflict(detail)
    run_ids = delete_row(work.session, workspace_id)
    record_act(work, Act.WORKSPACE_DELETED, workspace_id=workspace_id, subject_id=workspace_id)
    for run_id in run_ids:
        work.after_commit(partial(artifacts.remove_run, run_id))
