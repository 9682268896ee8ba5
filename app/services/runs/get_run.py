"""Look up one run of a workspace."""

from dataclasses import replace
from uuid import UUID

from app.services.runs.describe_run import DescribedRun, describe_run
from app.store.database import UnitOfWork
from app.store.reading_rows import read_score_details
from app.store.runs import find_run


def get_run(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> DescribedRun:
    """Returns the run with the details of its scores. Raises NotFound."""
    described = describe_run(work, find_run(work.session, workspace_id, run_id))
    return replace(described, score_details=read_score_details(work.session, run_id))
