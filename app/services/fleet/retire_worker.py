"""Remove a worker that stops from the list of living workers."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.workers import retire


def retire_worker(work: UnitOfWork, *, worker_id: UUID) -> None:
    retire(work.session, worker_id)
