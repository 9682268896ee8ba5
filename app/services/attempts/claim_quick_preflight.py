"""Claim the next quick preflight, which a worker tries beside its slots."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.runs import Run
from app.store.claims import claim_row
from app.store.database import UnitOfWork
from app.store.quick_preflights import lock_quick_preflight
from app.store.workers import memory_to_claim_for


def claim_quick_preflight(
    work: UnitOfWork, *, worker_id: UUID, devices: Sequence[str], lease_s: float
) -> Run | None:
    """Returns the preflight with its new attempt, or None when none is queued for these devices.

    A worker that is drained gets none.
    """
    memory_bytes = memory_to_claim_for(work.session, worker_id)
    if memory_bytes is None:
        return None
    found = lock_quick_preflight(work.session, devices=devices, memory_bytes=memory_bytes)
    if found is None:
        return None
    return claim_row(work.session, found, worker_id=worker_id, lease_s=lease_s)
