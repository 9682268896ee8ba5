"""Record a worker's heartbeat."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.installation import add_malformed_messages
from app.store.workers import record_heartbeat


def record_worker_heartbeat(
    work: UnitOfWork, *, worker_id: UUID, malformed_messages: int = 0
) -> bool:
    """Records that the worker lives; returns False when it must register again.

    `malformed_messages` is the number that it ignored since its last heartbeat.
    """
    if malformed_messages:
        add_malformed_messages(work.session, malformed_messages)
    return record_heartbeat(work.session, worker_id)
