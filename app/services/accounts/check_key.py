"""See that a key which opened something long ago still would."""

from uuid import UUID

from app.domain.errors import Unauthenticated
from app.store.database import UnitOfWork
from app.store.keys import is_usable


def check_key(work: UnitOfWork, *, key_id: UUID) -> None:
    """Raises Unauthenticated once it is revoked or has expired."""
    if not is_usable(work.session, key_id):
        raise Unauthenticated
