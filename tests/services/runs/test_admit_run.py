"""One request at a time is let into a workspace's queue, or into its storage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from app.domain.errors import Unavailable
from app.domain.quotas import Quotas
from app.services.data.upload_dataset import upload_dataset
from app.services.runs.admit_run import admit_run
from app.store.database import UnitOfWork, unit_of_work
from app.store.usage import lock_storage
from tests.store.builders import content_of


def admit(work: UnitOfWork, workspace_id: UUID) -> None:
    admit_run(work, workspace_id=workspace_id, default_quotas=Quotas(), cost=None)


def upload(work: UnitOfWork, workspace_id: UUID) -> None:
    upload_dataset(
        work,
        workspace_id=workspace_id,
        name="d",
        kind="text",
        content=content_of(b"abc"),
        profile={},
        quotas=Quotas(),
    )


@contextmanager
def impatient(engine: Engine) -> Iterator[UnitOfWork]:
    """One that waits for no lock."""
    with unit_of_work(engine) as work:
        work.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        yield work


@pytest.mark.parametrize("ask", [admit, upload])
def test_the_next_one_waits_until_the_first_one_is_stored(
    engine: Engine, committed_workspace_id: UUID, ask: Callable[[UnitOfWork, UUID], None]
) -> None:
    with unit_of_work(engine) as first:
        ask(first, committed_workspace_id)

        with pytest.raises(Unavailable), impatient(engine) as second:
            ask(second, committed_workspace_id)

    with unit_of_work(engine) as third:
        ask(third, committed_workspace_id)


def test_uploads_keep_no_run_waiting_nor_one_workspace_another(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as first, impatient(engine) as second:
        upload(first, committed_workspace_id)

        admit(second, committed_workspace_id)
        lock_storage(second.session, uuid4())
