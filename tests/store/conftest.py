"""A database of the store's own: claims look at all queued runs, so only its own may be there."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from app.store.database import make_engine, unit_of_work
from app.store.tables import workers, workspaces
from app.store.workspaces import insert_workspace
from tests.databases import Databases


@pytest.fixture(scope="session")
def engine(databases: Databases) -> Iterator[Engine]:
    made = make_engine(databases.migrated())
    yield made
    made.dispose()


@pytest.fixture
def workspace_id(session: Session) -> UUID:
    """A workspace of this test, rolled back with it."""
    return insert_workspace(session, name="mine").id


@pytest.fixture
def committed_workspace_id(engine: Engine) -> Iterator[UUID]:
    """A workspace that other connections see; it goes with all that is its, and so do workers."""
    with unit_of_work(engine) as work:
        made = insert_workspace(work.session, name="shared").id
    yield made
    with unit_of_work(engine) as work:
        work.session.execute(delete(workspaces).where(workspaces.c.id == made))
        work.session.execute(delete(workers))
