"""A run has one worker at a time, and whoever was it before can write nothing more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.runs import RunStatus, StopReason
from app.store.attempts import lock_held
from app.store.claims import (
    begin,
    claim_next_run,
    finish,
    has_ended_with,
    heartbeat,
    lock_expired,
    requeue,
)
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis, save_diagnosis
from app.store.events import events_after
from app.store.runs import find_run, request_cancel
from app.store.tables import PARTITIONED, metadata, runs
from app.store.telemetry import append_batch
from app.store.times import seconds_from_now
from app.store.workers import waiting_for
from tests.domain.builders import job, scores, task
from tests.store.builders import (
    CPU,
    LEASE_S,
    TENSORS,
    a_batch,
    a_diagnosis,
    a_finding,
    a_position,
    a_profile,
    a_worker,
    claimed_run,
    queued_run,
)


def test_a_claim_raises_the_attempt(session: Session, workspace_id: UUID) -> None:
    queued = queued_run(session, workspace_id)
    worker_id = a_worker(session)

    run = claim_next_run(session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)

    assert run is not None
    assert (run.id, run.attempt, run.status) == (queued.id, 1, RunStatus.RUNNING)
    assert run.worker_id == worker_id
    assert run.started_at is not None
    assert run.version > queued.version


def test_with_an_empty_queue_there_is_nothing_to_claim(
    session: Session, workspace_id: UUID
) -> None:
    claimed_run(session, workspace_id)

    worker_id = a_worker(session)

    assert claim_next_run(session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S) is None


@pytest.mark.parametrize(
    ("wanted", "devices", "is_claimed"),
    [
        ("auto", ("cpu",), True),
        ("cpu", ("cpu", "cuda:0"), True),
        ("cuda", ("cpu",), False),
        ("cuda", ("cpu", "cuda:0"), True),
        ("cuda:1", ("cpu", "cuda:0"), False),
        ("cuda:1", ("cpu", "cuda:0", "cuda:1"), True),
    ],
)
def test_a_run_goes_to_a_worker_that_has_its_device(
    session: Session, workspace_id: UUID, wanted: str, devices: tuple[str, ...], *, is_claimed: bool
) -> None:
    queued_run(session, workspace_id, spec=job(training={"device": wanted}))
    worker_id = a_worker(session, devices=devices)

    run = claim_next_run(session, worker_id=worker_id, devices=devices, lease_s=LEASE_S)

    assert (run is not None) == is_claimed


def test_many_workers_never_claim_the_same_run(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    num_runs, num_threads = 30, 8
    with unit_of_work(engine) as work:
        for _ in range(num_runs):
            queued_run(work.session, committed_workspace_id)
        worker_id = a_worker(work.session)
    start = threading.Barrier(num_threads)

    def claim_all(_: int) -> list[UUID]:
        claimed: list[UUID] = []
        start.wait()
        while True:
            with unit_of_work(engine) as work:
                run = claim_next_run(
                    work.session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S
                )
            if run is None:
                return claimed
            claimed.append(run.id)

    with ThreadPoolExecutor(num_threads) as pool:
        found = [
            run_id for claimed in pool.map(claim_all, range(num_threads)) for run_id in claimed
        ]

    with unit_of_work(engine) as work:
        attempts = select(runs.c.attempt).where(runs.c.workspace_id == committed_workspace_id)
        assert set(work.session.execute(attempts).scalars()) == {1}
    assert len(found) == len(set(found)) == num_runs


def test_a_claim_deletes_what_earlier_attempts_left(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    batch = a_batch(readings=(*scores({3: 0.5}), a_profile(), a_position()))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=a_diagnosis(a_finding()))
    requeue(session, run_id=run.id, attempt=1, reason="lost", is_crash=True)

    again = claim_next_run(session, worker_id=a_worker(session), devices=CPU, lease_s=LEASE_S)

    assert again is not None
    assert (again.id, again.attempt, again.crash_count) == (run.id, 2, 1)
    for name in PARTITIONED:
        table = metadata.tables[name]
        left = select(func.count()).where(table.c.run_id == run.id)
        assert session.execute(left).scalar_one() == 0
    assert load_diagnosis(session, run.id) is None
    assert (again.progress_step, again.metrics, again.best, again.verdict) == (0, {}, None, None)
    assert append_batch(session, run_id=run.id, attempt=2, seq=0, batch=a_batch())
    kinds = [event.kind for event in events_after(session, run.id, 0, 100)]
    assert kinds.count(EventKind.REWOUND) == 1


def test_a_first_claim_rewinds_nothing(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    kinds = [event.kind for event in events_after(session, run.id, 0, 100)]

    assert kinds == [EventKind.STATUS, EventKind.STATUS]


class Write(Protocol):
    """One of the things that a worker writes."""

    def __call__(self, session: Session, *, run_id: UUID, attempt: int) -> object: ...


WRITES: tuple[Write, ...] = (
    lock_held,
    partial(heartbeat, lease_s=LEASE_S),
    partial(append_batch, seq=0, batch=a_batch()),
    partial(begin, task=task(), tensor_names=TENSORS, device="cpu"),
    partial(save_diagnosis, diagnosis=a_diagnosis(a_finding())),
    partial(finish, stop_reason=StopReason.COMPLETED),
    partial(requeue, reason="lost", is_crash=True),
)


@pytest.mark.parametrize("write", WRITES)
def test_an_old_attempt_can_write_nothing(
    session: Session, workspace_id: UUID, write: Write
) -> None:
    run = claimed_run(session, workspace_id)
    requeue(session, run_id=run.id, attempt=1, reason="lost", is_crash=True)
    claim_next_run(session, worker_id=a_worker(session), devices=CPU, lease_s=LEASE_S)
    before = find_run(session, workspace_id, run.id)

    with pytest.raises(Fenced):
        write(session, run_id=run.id, attempt=1)

    assert find_run(session, workspace_id, run.id) == before


def test_a_heartbeat_renews_the_lease_and_tells_of_a_cancel(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id, lease_s=1)
    lease = select(runs.c.lease_expires_at).where(runs.c.id == run.id)
    before = session.execute(lease).scalar_one()

    calm = heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S)
    version = find_run(session, workspace_id, run.id).version
    request_cancel(session, workspace_id, run.id)
    asked = heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S)

    assert session.execute(lease).scalar_one() > before
    assert not calm.cancel_requested
    assert asked.cancel_requested
    assert version < find_run(session, workspace_id, run.id).version


def test_a_heartbeat_alone_changes_no_version(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    before = find_run(session, workspace_id, run.id)

    heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S)

    assert find_run(session, workspace_id, run.id) == before


@pytest.mark.parametrize("reason", list(StopReason))
def test_every_stop_reason_ends_a_run(
    session: Session, workspace_id: UUID, reason: StopReason
) -> None:
    run = claimed_run(session, workspace_id)

    finish(session, run_id=run.id, attempt=1, stop_reason=reason, error="because\x00 \ud800")
    found = find_run(session, workspace_id, run.id)
    *_, status, end = events_after(session, run.id, 0, 100)

    assert found.status.has_ended
    assert found.stop_reason is reason
    assert found.error == "because\ufffd ?"
    assert found.ended_at is not None
    assert (status.kind, end.kind) == (EventKind.STATUS, EventKind.END)
    assert end.data == {
        "status": found.status,
        "stop_reason": found.stop_reason,
        "error": found.error,
    }
    assert has_ended_with(session, run_id=run.id, attempt=1, stop_reason=reason)


def test_what_has_ended_stays_ended(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    finish(session, run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)

    with pytest.raises(Fenced):
        finish(session, run_id=run.id, attempt=1, stop_reason=StopReason.CRASHED)
    with pytest.raises(Fenced):
        requeue(session, run_id=run.id, attempt=1, reason="lost", is_crash=True)


def test_only_runs_with_an_expired_lease_are_found(session: Session, workspace_id: UUID) -> None:
    lost = claimed_run(session, workspace_id)
    claimed_run(session, workspace_id)
    expired = update(runs).where(runs.c.id == lost.id)
    session.execute(expired.values(lease_expires_at=seconds_from_now(-0.001)))

    found = lock_expired(session)

    assert [run.id for run in found] == [lost.id]


def test_a_run_that_others_work_on_is_not_rescued(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id, lease_s=-1)

    with unit_of_work(engine) as holder:
        lock_held(holder.session, run_id=run.id, attempt=1)
        with unit_of_work(engine) as sweeper:
            while_held = lock_expired(sweeper.session)
    with unit_of_work(engine) as sweeper:
        afterwards = lock_expired(sweeper.session)

    assert while_held == ()
    assert [found.id for found in afterwards] == [run.id]


def test_a_run_that_waits_for_the_database_says_so_while_it_runs(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    before = find_run(session, workspace_id, run.id)

    heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S, waits_for_database=True)
    waiting = find_run(session, workspace_id, run.id)
    heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S, waits_for_database=True)
    still = find_run(session, workspace_id, run.id)
    heartbeat(session, run_id=run.id, attempt=1, lease_s=LEASE_S)

    assert waiting.version == still.version == before.version + 1
    assert waiting_for(session, waiting) == "database"
    assert waiting_for(session, find_run(session, workspace_id, run.id)) is None
