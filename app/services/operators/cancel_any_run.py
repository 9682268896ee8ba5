"""Cancel a run or preflight of any workspace, whose log tells that the operator did it."""

from uuid import UUID

from app.domain.audit import Act
from app.services.accounts.check_operator import check_operator
from app.services.operators.describe_all import describe_all
from app.services.record_act import record_act
from app.services.runs.describe_run import DescribedRun
from app.store.all_runs import lock_any_run
from app.store.cancellation import REQUESTED_BY_OPERATOR, cancel
from app.store.database import UnitOfWork


def cancel_any_run(work: UnitOfWork, *, caller_workspace_id: UUID, run_id: UUID) -> DescribedRun:
    """Cancels a queued run at once, a running one at its worker's next heartbeat.

    Raises Forbidden unless the caller is an operator, NotFound, and IllegalTransition when the run
    has ended.
    """
    check_operator(work, workspace_id=caller_workspace_id)
    run = lock_any_run(work.session, run_id)
    act = Act.RUN_CANCELLED if run.preflight_steps is None else Act.PREFLIGHT_CANCELLED
    cancelled = cancel(work.session, run, reason=REQUESTED_BY_OPERATOR)
    record_act(work, act, workspace_id=run.workspace_id, subject_id=run_id)
    [described] = describe_all(work, [cancelled])
    return described
