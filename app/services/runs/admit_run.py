"""See whether a workspace has room for one more run."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.estimate import Estimate
from app.domain.quotas import Quotas, check_queue, check_run_fits
from app.store.database import UnitOfWork
from app.store.usage import lock_queue, usage_of
from app.store.workspaces import find_workspace


@dataclass(frozen=True, kw_only=True)
class QueueRoom:
    """What a workspace may queue, and how much of it is left once a new run is there."""

    max_queued_runs: int
    num_left: int


def admit_run(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    usual: Quotas,
    cost: Estimate | None,
    resumed_run_id: UUID | None = None,
) -> QueueRoom:
    """Raises QueueFull, QuotaReached or InvalidSpec; `usual` holds where it has no own quota.

    Without a cost nothing but the queue is looked at. The rows of a run that is resumed are part of
    its cost. Others of the workspace are admitted once this transaction has ended.
    """
    lock_queue(work.session, workspace_id)
    workspace = find_workspace(work.session, workspace_id)
    quotas = usual.overridden(workspace.own_quotas)
    usage = usage_of(work.session, workspace_id, without_rows_of=resumed_run_id)
    if cost is None:
        check_queue(quotas, usage)
    else:
        check_run_fits(quotas, usage, cost=cost)
    most = quotas.max_queued_runs
    return QueueRoom(max_queued_runs=most, num_left=most - usage.queued_runs - 1)
