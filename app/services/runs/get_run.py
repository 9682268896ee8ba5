"""Look up one run of a workspace."""

from uuid import UUID

from app.services.runs.describe_run import DescribedRun, describe_run
from app.store.database import UnitOfWork
from app.store.runs import find_run


def get_run(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> DescribedRun:
    return describe_run(work, find_run(work.session, workspace_id, run_id))
