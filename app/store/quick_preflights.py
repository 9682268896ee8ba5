"""Chooses the next quick preflight, which a worker tries beside its slots."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.orm import Session

from app.domain.preflight import QUICK_DATASET_BYTES, QUICK_MEMORY_BYTES
from app.domain.runs import RunStatus
from app.store.queue_order import is_servable
from app.store.tables import datasets, runs, workspaces
from app.store.times import database_now


def lock_quick_preflight(
    session: Session, *, devices: Sequence[str], memory_bytes: Sequence[int]
) -> RowMapping | None:
    """Locks and returns the next quick preflight for these devices; returns None without one.

    Quick are those of the initial weights alone that need little memory and no large upload. They
    take no slot, so that the quota of running runs does not count them. Workspaces take turns, in
    which the one comes first that was served the longest ago; it is recorded as served.
    """
    statement = (
        select(*runs.c)
        .join(workspaces, workspaces.c.id == runs.c.workspace_id)
        .outerjoin(datasets, datasets.c.id == runs.c.dataset_id)
        .where(
            runs.c.status == RunStatus.QUEUED.value,
            runs.c.preflight_steps == 0,
            runs.c.expected_memory_bytes <= QUICK_MEMORY_BYTES,
            or_(datasets.c.num_bytes.is_(None), datasets.c.num_bytes <= QUICK_DATASET_BYTES),
            runs.c.held_for.is_(None),
            workspaces.c.suspended_at.is_(None),
            is_servable(devices, memory_bytes),
        )
        .order_by(workspaces.c.served_at.asc().nulls_first(), runs.c.created_at, runs.c.id)
        .limit(1)
        .with_for_update(of=runs, skip_locked=True)
    )
    found = session.execute(statement).mappings().one_or_none()
    if found is not None:
        served = update(workspaces).where(workspaces.c.id == found["workspace_id"])
        session.execute(served.values(served_at=database_now()))
    return found
