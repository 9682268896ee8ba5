"""Claim the next queued run that a worker's devices can train."""

from collections.abc import Collection
from uuid import UUID

from app.domain.runs import Run
from app.store.claims import claim_next_run
from app.store.database import UnitOfWork


def claim_run(
    work: UnitOfWork,
    *,
    worker_id: UUID,
    devices: Collection[str],
    lease_s: float,
    max_running_runs: int,
    with_preflights: bool = True,
) -> Run | None:
    """Returns the run with its new attempt, or None when nothing is queued for these devices.

    `max_running_runs` is the quota of a workspace that has none of its own. Without
    `with_preflights`, only runs are claimed.
    """
    return claim_next_run(
        work.session,
        worker_id=worker_id,
        devices=devices,
        lease_s=lease_s,
        max_running_runs=max_running_runs,
        with_preflights=with_preflights,
    )
