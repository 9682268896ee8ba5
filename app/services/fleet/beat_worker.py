"""A worker's sign of life."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.workers import record_heartbeat


def beat_worker(work: UnitOfWork, *, worker_id: UUID) -> bool:
    """False when the worker is not known any more."""
    return record_heartbeat(work.session, worker_id)
