"""Two admin keys that revoke each other at the same time do not both go."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from app.domain.access import Scope
from app.domain.errors import LastAdminKey, Unavailable
from app.services.accounts.create_key import create_key
from app.services.accounts.revoke_key import revoke_key
from app.store.database import UnitOfWork, unit_of_work

SECRET = "s" * 32


@contextmanager
def impatient(engine: Engine) -> Iterator[UnitOfWork]:
    """A unit of work that waits for no lock."""
    with unit_of_work(engine) as work:
        work.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        yield work


def test_of_two_admin_keys_that_are_revoked_at_once_one_stays(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    workspace_id = committed_workspace_id
    with unit_of_work(engine) as work:
        first, second = (
            create_key(
                work, workspace_id=workspace_id, name="", scopes=tuple(Scope), secret=SECRET
            ).stored.id
            for _ in range(2)
        )

    with unit_of_work(engine) as one:
        revoke_key(one, caller_workspace_id=workspace_id, key_id=first)
        with pytest.raises(Unavailable), impatient(engine) as other:
            revoke_key(other, caller_workspace_id=workspace_id, key_id=second)

    with pytest.raises(LastAdminKey), unit_of_work(engine) as other:
        revoke_key(other, caller_workspace_id=workspace_id, key_id=second)
