"""Record a worker's heartbeat."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.workers import record_heartbeat


def record_worker_heartbeat(work: UnitOfWork, *, worker_id: UUID) -> bool:
    """Records that the worker lives; returns False when it must register again."""
    return record_heartbeat(work.session, worker_id)
