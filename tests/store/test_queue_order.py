"""Whose turn it is: nobody is crowded out, whatever others queue."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from app.domain.runs import Run, StopReason
from app.store.claims import claim_next_run, finish
from app.store.database import unit_of_work
from app.store.preflights import insert_preflight
from app.store.queue_order import queued_ids
from app.store.tables import runs
from app.store.times import seconds_from_now
from app.store.workspaces import insert_workspace, update_workspace
from tests.domain.builders import job
from tests.store.builders import CPU, LEASE_S, a_worker, claimed_run, queued_run

MANY = 1000


def claim(session: Session, *, max_running_runs: int = MANY) -> Run | None:
    return claim_next_run(
        session,
        worker_id=a_worker(session),
        devices=CPU,
        lease_s=LEASE_S,
        max_running_runs=max_running_runs,
    )


def claim_and_finish(session: Session) -> Run:
    run = claim(session)
    assert run is not None
    finish(session, run_id=run.id, attempt=run.attempt, stop_reason=StopReason.COMPLETED)
    return run


def queue_many(session: Session, workspace_id: UUID, number: int, *, priority: int = 0) -> None:
    for _ in range(number):
        queued_run(session, workspace_id, priority=priority)


def wait_a_while(session: Session, run: Run, seconds: float) -> None:
    since = update(runs).where(runs.c.id == run.id).values(created_at=seconds_from_now(-seconds))
    session.execute(since)


def test_a_worker_leaves_runs_that_it_cannot_hold_to_larger_ones(
    session: Session, workspace_id: UUID
) -> None:
    large = queued_run(session, workspace_id, expected_memory_bytes=101, priority=50)
    fitting = queued_run(session, workspace_id, expected_memory_bytes=100)
    small, larger = (a_worker(session, memory_bytes=[number]) for number in (100, 101))

    claimed = [
        claim_next_run(session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
        for worker_id in (small, small, larger)
    ]

    assert [one and one.id for one in claimed] == [fitting.id, None, large.id]


def test_one_run_behind_fifty_of_another_workspace_is_the_next_but_one(
    session: Session, workspace_id: UUID
) -> None:
    queue_many(session, workspace_id, 50, priority=100)
    theirs = queued_run(session, insert_workspace(session, name="other").id)

    # one slot: nothing else runs when the next one is claimed
    claimed = [claim_and_finish(session).id for _ in range(2)]

    assert theirs.id in claimed


def test_many_slots_are_shared_evenly(session: Session, workspace_id: UUID) -> None:
    other = insert_workspace(session, name="other").id
    queue_many(session, workspace_id, 10, priority=100)
    queue_many(session, other, 10)

    claimed = [claim(session) for _ in range(6)]

    owners = [run.workspace_id for run in claimed if run is not None]
    assert (owners.count(workspace_id), owners.count(other)) == (3, 3)


def test_within_a_workspace_the_higher_priority_goes_first_then_the_older(
    session: Session, workspace_id: UUID
) -> None:
    old, new = queued_run(session, workspace_id), queued_run(session, workspace_id)
    urgent = queued_run(session, workspace_id, priority=1)

    assert [claim_and_finish(session).id for _ in range(3)] == [urgent.id, old.id, new.id]


def test_no_priority_keeps_a_run_waiting_for_ever(session: Session, workspace_id: UUID) -> None:
    waiting = queued_run(session, workspace_id, priority=-100)
    queue_many(session, workspace_id, 3, priority=100)

    wait_a_while(session, waiting, 199 * 60)
    first = claim_and_finish(session)
    wait_a_while(session, waiting, 201 * 60)

    assert first.priority == 100
    assert claim_and_finish(session).id == waiting.id


def test_a_preflight_goes_first_but_not_after_another_one(
    session: Session, workspace_id: UUID
) -> None:
    other = insert_workspace(session, name="other").id
    queue_many(session, workspace_id, 3)
    for _ in range(4):
        insert_preflight(session, workspace_id=other, spec=job(), num_steps=1)

    claimed = [claim_and_finish(session) for _ in range(6)]

    is_preflight = [run.preflight_steps is not None for run in claimed]
    assert is_preflight == [True, False, True, False, True, False]


def test_a_workspace_at_its_quota_is_passed_over(session: Session, workspace_id: UUID) -> None:
    other = insert_workspace(session, name="other").id
    update_workspace(session, workspace_id, changes={"max_running_runs": 1})
    running = claimed_run(session, workspace_id)
    queue_many(session, workspace_id, 2, priority=100)
    theirs = queued_run(session, other)

    notified = queued_ids(session, older_than_s=-60, limit=5, max_running_runs=MANY)
    claimed = claim(session)
    nothing = claim(session)
    finish(session, run_id=running.id, attempt=1, stop_reason=StopReason.COMPLETED)

    assert notified == (theirs.id,)
    assert claimed is not None
    assert claimed.id == theirs.id
    assert nothing is None
    assert claim(session) is not None


def test_without_a_quota_of_its_own_the_installation_s_holds(
    session: Session, workspace_id: UUID
) -> None:
    queue_many(session, workspace_id, 3)

    claimed = [claim(session, max_running_runs=2) for _ in range(3)]

    assert [run is not None for run in claimed] == [True, True, False]


def test_many_workers_at_once_keep_to_the_quota(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    quota, num_threads = 3, 8
    with unit_of_work(engine) as work:
        queue_many(work.session, committed_workspace_id, 10)
        update_workspace(work.session, committed_workspace_id, changes={"max_running_runs": quota})
        worker_id = a_worker(work.session)
    start = threading.Barrier(num_threads)

    def claim_once(_: int) -> Run | None:
        start.wait()
        with unit_of_work(engine) as work:
            return claim_next_run(work.session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)

    with ThreadPoolExecutor(num_threads) as pool:
        claimed = list(pool.map(claim_once, range(num_threads)))

    assert sum(run is not None for run in claimed) == quota


def test_a_claim_that_is_asleep_holds_up_no_other_workspace(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        queue_many(work.session, committed_workspace_id, 2)
    with unit_of_work(engine) as asleep:
        assert claim(asleep.session) is not None
        with unit_of_work(engine) as awake:
            other = insert_workspace(awake.session, name="other").id
            queue_many(awake.session, other, 2)
            claimed = [claim(awake.session) for _ in range(2)]
            awake.session.rollback()

    assert [run.workspace_id for run in claimed if run is not None] == [other, other]


def test_the_next_queued_runs_are_notified(session: Session, workspace_id: UUID) -> None:
    old = queued_run(session, workspace_id)
    queued_run(session, workspace_id)
    urgent = queued_run(session, workspace_id, priority=1)
    claimed_run(session, workspace_id)

    def notified(*, older_than_s: float, limit: int) -> tuple[UUID, ...]:
        return queued_ids(session, older_than_s=older_than_s, limit=limit, max_running_runs=MANY)

    assert notified(older_than_s=-60, limit=2) == (urgent.id, old.id)
    assert notified(older_than_s=60, limit=2) == ()
    assert notified(older_than_s=-60, limit=0) == ()
