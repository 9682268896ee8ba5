"""Cancel a queued run at once, a running one at the worker's next heartbeat."""

from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.services.runs.describe_run import DescribedRun, describe_run
from app.store.database import UnitOfWork
from app.store.runs import request_cancel


def cancel_run(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> DescribedRun:
    """Raises NotFound, and IllegalTransition when the run has ended."""
    run = request_cancel(work.session, workspace_id, run_id)
    record_act(work, Act.RUN_CANCELLED, workspace_id=workspace_id, subject_id=run_id)
    return describe_run(work, run)
