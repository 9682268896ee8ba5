"""Note that a worker was told by a signal to claim nothing more."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.workers import request_drain


def note_drain(work: UnitOfWork, *, worker_id: UUID) -> None:
    """From then on the worker is drained until an operator ends that. Raises NotFound."""
    request_drain(work.session, worker_id)
