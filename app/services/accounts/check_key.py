"""Check that the API key of a long-lived request is still valid."""

from uuid import UUID

from app.domain.errors import Unauthenticated
from app.store.database import UnitOfWork
from app.store.keys import usable_keys


def check_key(work: UnitOfWork, *, key_id: UUID) -> None:
    """Raises Unauthenticated when the key is revoked or expired, or its workspace suspended."""
    if not usable_keys(work.session, [key_id]):
        raise Unauthenticated
