"""Check that a workspace's quotas admit one more run."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.estimate import Estimate
from app.domain.quotas import (
    Quotas,
    check_preflight_fits,
    check_queue,
    check_run_fits,
    spend_run,
)
from app.store.database import UnitOfWork
from app.store.usage import lock_queue, run_allowance, set_run_allowance, usage_of
from app.store.workspaces import find_workspace


@dataclass(frozen=True, kw_only=True)
class QueueRoom:
    """How many runs a workspace may queue, and how many more after the new run."""

    max_queued_runs: int
    num_left: int


def admit_run(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    default_quotas: Quotas,
    cost: Estimate | None,
    resumed_run_id: UUID | None = None,
    is_preflight: bool = False,
) -> QueueRoom:
    """Checks the quotas and keeps other requests out of the queue until the transaction ends.

    `default_quotas` apply where the workspace has none of its own. Without a `cost`, only the
    number of queued runs is checked, and for a preflight that of preflights. `resumed_run_id` names
    a resumed run, whose earlier rows are already part of the cost. Each call counts as one run of
    the quota per hour. Raises QueueFull, QuotaReached, TooManyRuns or InvalidSpec.
    """
    lock_queue(work.session, workspace_id)
    workspace = find_workspace(work.session, workspace_id)
    quotas = default_quotas.overridden(workspace.own_quotas)
    usage = usage_of(work.session, workspace_id, without_rows_of=resumed_run_id)
    if is_preflight:
        check_preflight_fits(quotas, usage)
    elif cost is None:
        check_queue(quotas, usage)
    else:
        check_run_fits(quotas, usage, cost=cost)
    full_at, now = run_allowance(work.session, workspace_id)
    full_at = spend_run(quotas, full_at=full_at, now=now)
    set_run_allowance(work.session, workspace_id, full_at=full_at)
    limit = quotas.max_queued_runs
    return QueueRoom(max_queued_runs=limit, num_left=limit - usage.queued_runs - 1)
