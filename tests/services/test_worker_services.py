"""What workers do to runs, from the claim to the end, through losses of all kinds."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.domain.audit import Act
from app.domain.diagnosis.engine import diagnose
from app.domain.errors import Fenced, NotFound
from app.domain.events import EventKind
from app.domain.runs import Run, RunStatus, StopReason
from app.queue import RunQueue
from app.services.accounts.authenticate import authenticate
from app.services.accounts.bootstrap import bootstrap
from app.services.attempts.begin_run import begin_run
from app.services.attempts.claim_run import claim_run
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.services.attempts.release_run import release_run
from app.services.attempts.renew_lease import renew_lease
from app.services.attempts.rescue_run import rescue_run
from app.services.attempts.sweep_runs import NOTIFY_AGAIN_AFTER_S, sweep_runs
from app.services.diagnosis.read_case import read_case
from app.services.diagnosis.store_diagnosis import store_diagnosis
from app.services.fleet.count_load import count_load
from app.services.fleet.note_drain import note_drain
from app.services.fleet.record_worker_heartbeat import record_worker_heartbeat
from app.services.fleet.register_worker import register_worker
from app.services.fleet.retire_worker import retire_worker
from app.services.telemetry.record_batch import record_batch
from app.store.audit import page_of_acts
from app.store.database import UnitOfWork, unit_of_work
from app.store.diagnoses import load_diagnosis
from app.store.events import events_after
from app.store.installation import find_secret_fingerprint, save_secret_fingerprint
from app.store.runs import find_run, request_cancel
from app.store.tables import runs
from app.store.times import seconds_from_now
from app.store.workers import list_workers
from app.store.workspaces import list_workspaces
from tests.domain.builders import task
from tests.store.builders import (
    CPU,
    LEASE_S,
    TENSORS,
    a_batch,
    a_worker,
    claimed_run,
    queued_run,
)

MAX_CRASHES = 3
MANY = 1000
SECRET = "s" * 32


class RecordingQueue:
    """A queue that records the runs of which workers were notified."""

    def __init__(self) -> None:
        self.notified: list[UUID] = []

    def notify(self, run_id: UUID) -> bool:
        self.notified.append(run_id)
        return True


@pytest.fixture
def work(session: Session) -> UnitOfWork:
    return UnitOfWork(session)


@pytest.fixture
def worker_id(work: UnitOfWork) -> UUID:
    return register_worker(
        work, host="here", pid=1, devices=CPU, slots=2, threads_per_run=1, release="1.2.3"
    )


def claim(work: UnitOfWork, worker_id: UUID, *, lease_s: float = LEASE_S) -> Run | None:
    return claim_run(work, worker_id=worker_id, devices=CPU, lease_s=lease_s, max_running_runs=MANY)


def kinds(work: UnitOfWork, run: Run) -> list[EventKind]:
    return [event.kind for event in events_after(work.session, run.id, 0, 100)]


def test_a_run_goes_from_the_queue_to_its_diagnosed_end(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        queued = queued_run(work.session, committed_workspace_id)
        run = claim(work, a_worker(work.session))
    assert run is not None

    with unit_of_work(engine) as work:
        begin_run(work, run_id=run.id, attempt=1, task=task(), tensor_names=TENSORS, device="cpu")
        assert record_batch(work, run_id=run.id, attempt=1, seq=0, batch=a_batch())
        assert not renew_lease(work, run_id=run.id, attempt=1, lease_s=LEASE_S).cancel_requested
        diagnosis = diagnose(read_case(work, run_id=run.id, attempt=1))
        store_diagnosis(work, run_id=run.id, attempt=1, diagnosis=diagnosis)
        live = load_diagnosis(work.session, run.id)
    finish_run(engine, AttemptEnd(run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED))

    with unit_of_work(engine) as work:
        found = find_run(work.session, committed_workspace_id, queued.id)
        final = load_diagnosis(work.session, run.id)
        assert kinds(work, run)[-1] is EventKind.END
    assert (run.id, run.attempt) == (queued.id, 1)
    assert (found.status, found.stop_reason) == (RunStatus.SUCCEEDED, StopReason.COMPLETED)
    assert live is not None
    assert final is not None
    assert (live.final, final.final, found.is_diagnosis_final) == (False, True, True)
    assert final.verdict == found.verdict


def test_readings_arrive_while_a_run_is_judged(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id)
    first, second = a_batch(first_step=0), a_batch(first_step=4)

    with unit_of_work(engine) as recording:
        record_batch(recording, run_id=run.id, attempt=1, seq=0, batch=first)
    with unit_of_work(engine, snapshot=True) as examining:
        before = read_case(examining, run_id=run.id, attempt=1)
        with unit_of_work(engine) as recording:
            record_batch(recording, run_id=run.id, attempt=1, seq=1, batch=second)
        same = read_case(examining, run_id=run.id, attempt=1)

    assert before.telemetry.last_step == same.telemetry.last_step == 3
    with unit_of_work(engine) as work, pytest.raises(Fenced):
        read_case(work, run_id=run.id, attempt=2)


def test_a_run_given_back_is_not_charged(
    work: UnitOfWork, workspace_id: UUID, worker_id: UUID
) -> None:
    run = claimed_run(work.session, workspace_id)

    release_run(work, run_id=run.id, attempt=1)
    found = find_run(work.session, workspace_id, run.id)

    assert (found.status, found.crash_count, found.worker_id) == (RunStatus.QUEUED, 0, None)
    again = claim(work, worker_id)
    assert again is not None
    assert (again.id, again.attempt) == (run.id, 2)


def test_a_run_that_crashes_too_often_is_not_tried_again(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id)
        worker_id = a_worker(work.session)
    error = "The training process was killed by SIGKILL."

    for attempt in range(1, MAX_CRASHES):
        with unit_of_work(engine) as work:
            rescued = rescue(work, run, attempt=attempt, error=error)
            again = claim(work, worker_id)
        assert rescued is None
        assert again is not None
        assert (again.attempt, again.crash_count) == (attempt + 1, attempt)
    with unit_of_work(engine) as work:
        end = rescue(work, run, attempt=MAX_CRASHES, error=error)
    assert end is not None
    finish_run(engine, end)

    with unit_of_work(engine) as work:
        found = find_run(work.session, committed_workspace_id, run.id)
    assert (found.status, found.stop_reason) == (RunStatus.FAILED, StopReason.CRASHED)
    assert found.crash_count == MAX_CRASHES
    assert found.error is not None
    assert found.error.startswith(error)
    assert f"{MAX_CRASHES} times" in found.error
    assert found.is_diagnosis_final


def rescue(
    work: UnitOfWork, run: Run, *, attempt: int = 1, error: str = "Lost."
) -> AttemptEnd | None:
    return rescue_run(work, run_id=run.id, attempt=attempt, error=error, max_crashes=MAX_CRASHES)


def give_back(work: UnitOfWork, run: Run) -> AttemptEnd | None:
    return release_run(work, run_id=run.id, attempt=1)


@pytest.mark.parametrize("let_go", [rescue, give_back])
def test_a_run_that_was_to_be_cancelled_ends_when_its_worker_lets_go(
    engine: Engine,
    committed_workspace_id: UUID,
    let_go: Callable[[UnitOfWork, Run], AttemptEnd | None],
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id)
        request_cancel(work.session, committed_workspace_id, run.id)

    with unit_of_work(engine) as work:
        end = let_go(work, run)
    assert end is not None
    finish_run(engine, end)

    with unit_of_work(engine) as work:
        found = find_run(work.session, committed_workspace_id, run.id)
    assert found.stop_reason is StopReason.CANCELLED


def sweep(
    engine: Engine,
    recording: RecordingQueue,
    *,
    max_notifications: int = 10,
    max_crashes: int | None = MAX_CRASHES,
) -> tuple[AttemptEnd, ...]:
    with unit_of_work(engine) as work:
        queue: RunQueue = recording  # type: ignore[assignment] # has what a sweep needs
        return sweep_runs(
            work,
            queue=queue,
            max_notifications=max_notifications,
            max_crashes=max_crashes,
            max_running_runs=MANY,
            stalled_after_s=LEASE_S,
        )


def test_a_run_whose_worker_is_lost_is_rescued(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    queue = RecordingQueue()
    with unit_of_work(engine) as work:
        lost = claimed_run(work.session, committed_workspace_id, lease_s=-1)
        alive = claimed_run(work.session, committed_workspace_id)

    sweep(engine, queue, max_crashes=None)
    with unit_of_work(engine) as work:
        spared = find_run(work.session, committed_workspace_id, lost.id)
    sweep(engine, queue)

    with unit_of_work(engine) as work:
        found = find_run(work.session, committed_workspace_id, lost.id)
        other = find_run(work.session, committed_workspace_id, alive.id)
        with pytest.raises(Fenced):
            record_batch(work, run_id=lost.id, attempt=1, seq=0, batch=a_batch())
    assert spared.status is RunStatus.RUNNING
    assert (found.status, found.crash_count) == (RunStatus.QUEUED, 1)
    assert other.status is RunStatus.RUNNING


def test_a_run_that_is_lost_too_often_fails_as_lost(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id, lease_s=-1)

    [end] = sweep(engine, RecordingQueue(), max_crashes=1)
    none = sweep(engine, RecordingQueue(), max_crashes=1)
    finish_run(engine, end)

    with unit_of_work(engine) as work:
        found = find_run(work.session, committed_workspace_id, run.id)
    assert none == ()
    assert (found.status, found.stop_reason) == (RunStatus.FAILED, StopReason.LOST)
    assert found.is_diagnosis_final


def test_workers_are_notified_again_of_runs_that_have_been_queued_for_a_while(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    queue = RecordingQueue()
    with unit_of_work(engine) as work:
        waiting = [queued_run(work.session, committed_workspace_id).id for _ in range(3)]
        long_ago = seconds_from_now(-NOTIFY_AGAIN_AFTER_S - 1)
        work.session.execute(runs.update().values(created_at=long_ago))
        queued_run(work.session, committed_workspace_id)

    sweep(engine, queue, max_notifications=2)

    assert queue.notified == waiting[:2]


def test_one_of_two_sweeps(engine: Engine, committed_workspace_id: UUID) -> None:
    with unit_of_work(engine) as work:
        claimed_run(work.session, committed_workspace_id, lease_s=-1)
    queue = RecordingQueue()

    with unit_of_work(engine) as leader:
        passed: RunQueue = queue  # type: ignore[assignment] # has what a sweep needs
        sweep_runs(
            leader,
            queue=passed,
            max_notifications=1,
            max_crashes=None,
            max_running_runs=MANY,
            stalled_after_s=30.0,
        )
        sweep(engine, queue)
        assert len(list_workers(leader.session)) == 1

    with unit_of_work(engine) as work:
        statuses = work.session.execute(runs.select()).mappings().all()
    assert [row["status"] for row in statuses] == ["running"]


def test_a_worker_comes_lives_and_goes(work: UnitOfWork, worker_id: UUID) -> None:
    assert record_worker_heartbeat(work, worker_id=worker_id)
    assert [worker.id for worker in list_workers(work.session)] == [worker_id]

    retire_worker(work, worker_id=worker_id)

    assert not record_worker_heartbeat(work, worker_id=worker_id)
    assert list_workers(work.session) == []


def test_a_drain_by_signal_is_audited_in_the_operator_s_workspace(
    work: UnitOfWork, workspace_id: UUID, worker_id: UUID
) -> None:
    first_id = list_workspaces(work.session)[0].id

    note_drain(work, worker_id=worker_id)

    [act] = page_of_acts(work.session, first_id, act=Act.WORKER_DRAINED, limit=9, after=None)
    [worker] = list_workers(work.session)
    assert (act.subject_id, act.detail) == (worker_id, {"by": "signal"})
    assert worker.drain_requested_at is not None
    with pytest.raises(NotFound):
        note_drain(work, worker_id=uuid4())


def test_the_first_key_is_made_once_and_opens_everything(work: UnitOfWork) -> None:
    key = bootstrap(work, secret=SECRET)
    again = bootstrap(work, secret=SECRET)

    assert key is not None
    assert again is None
    caller = authenticate(work, secret=SECRET, key=key)
    assert [found.id for found in list_workspaces(work.session)] == [caller.workspace_id]
    assert "admin" in caller.scopes


def test_a_heartbeat_adds_the_malformed_messages_of_its_worker(session: Session) -> None:
    work = UnitOfWork(session)
    if find_secret_fingerprint(session) is None:
        save_secret_fingerprint(session, b"fingerprint")
    before = count_load(work).malformed_messages

    for number in (3, 0, 4):
        record_worker_heartbeat(work, worker_id=uuid4(), malformed_messages=number)

    assert count_load(work).malformed_messages == before + 7
