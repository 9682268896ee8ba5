"""Which preflights are quick, and whose turn it is."""

from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.preflight import QUICK_DATASET_BYTES, QUICK_MEMORY_BYTES
from app.domain.runs import Run, RunStatus
from app.services.attempts.claim_quick_preflight import claim_quick_preflight
from app.store.database import UnitOfWork
from app.store.datasets import insert_dataset
from app.store.preflights import insert_preflight
from app.store.tables import datasets, runs, workers
from app.store.times import database_now
from app.store.workspaces import insert_workspace, suspend, update_workspace
from tests.domain.builders import job
from tests.store.builders import CPU, LEASE_S, a_worker, content_of, queued_run


def claim(session: Session, *, worker_id: UUID | None = None) -> Run | None:
    return claim_quick_preflight(
        UnitOfWork(session),
        worker_id=worker_id or a_worker(session),
        devices=CPU,
        lease_s=LEASE_S,
    )


def preflight(
    session: Session, workspace_id: UUID, *, num_steps: int = 0, memory_bytes: int = 0
) -> Run:
    return insert_preflight(
        session,
        workspace_id=workspace_id,
        spec=job(),
        num_steps=num_steps,
        expected_memory_bytes=memory_bytes,
    )


def test_a_preflight_of_the_initial_weights_is_claimed_beside_the_slots(
    session: Session, workspace_id: UUID
) -> None:
    queued_run(session, workspace_id, priority=50)
    preflight(session, workspace_id, num_steps=1)
    preflight(session, workspace_id, memory_bytes=QUICK_MEMORY_BYTES + 1)
    quick = preflight(session, workspace_id, memory_bytes=QUICK_MEMORY_BYTES)

    found, none = claim(session), claim(session)

    assert found is not None
    assert (found.id, found.status, found.attempt) == (quick.id, RunStatus.RUNNING, 1)
    assert none is None


def test_a_preflight_of_a_large_upload_waits_for_a_slot(
    session: Session, workspace_id: UUID
) -> None:
    dataset_id = insert_dataset(
        session,
        workspace_id=workspace_id,
        name="upload",
        kind="csv",
        content=content_of(b"value\n1\n"),
        profile={},
    ).id
    waiting = preflight(session, workspace_id)
    session.execute(update(runs).where(runs.c.id == waiting.id).values(dataset_id=dataset_id))

    session.execute(update(datasets).values(num_bytes=QUICK_DATASET_BYTES + 1))
    none = claim(session)
    session.execute(update(datasets).values(num_bytes=QUICK_DATASET_BYTES))
    found = claim(session)

    assert none is None
    assert found is not None
    assert found.id == waiting.id


def test_a_workspace_with_many_quick_preflights_does_not_keep_another_waiting(
    session: Session, workspace_id: UUID
) -> None:
    for _ in range(5):
        preflight(session, workspace_id)
    other = preflight(session, insert_workspace(session, name="other").id)

    claimed = [claim(session) for _ in range(2)]

    assert other.id in {run.id for run in claimed if run is not None}


def test_the_quota_of_running_runs_does_not_count_for_quick_preflights(
    session: Session, workspace_id: UUID
) -> None:
    update_workspace(session, workspace_id, changes={"max_running_runs": 1})
    preflight(session, workspace_id)
    preflight(session, workspace_id)

    assert claim(session) is not None
    assert claim(session) is not None


@pytest.mark.parametrize("who", ["workspace", "worker"])
def test_nothing_is_claimed_of_a_suspended_workspace_or_by_a_drained_worker(
    session: Session, workspace_id: UUID, who: str
) -> None:
    preflight(session, workspace_id)
    worker_id = a_worker(session)
    if who == "workspace":
        suspend(session, workspace_id)
    else:
        session.execute(update(workers).values(drain_requested_at=database_now()))

    assert claim(session, worker_id=worker_id) is None
