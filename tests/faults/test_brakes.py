"""Preflights leave slots for runs, end when they are cancelled and when their time is over."""

from uuid import UUID

from app.domain.runs import Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.services.preflights.cancel_preflight import cancel_preflight
from app.store.database import unit_of_work
from app.store.preflights import find_preflight, insert_preflight
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import make_spec
from tests.workers import wait_until, wait_until_ready

#: Of each of its steps, some milliseconds; of all of them, minutes.
LONG = {"kind": "adding", "length": 2000}


def submit_preflight(group: WorkerGroup, spec: JobSpec) -> UUID:
    with unit_of_work(group.runs.engine) as work:
        made = insert_preflight(
            work.session, workspace_id=group.runs.workspace_id, spec=spec, num_steps=1000
        )
    group.queue.notify(made.id)
    return made.id


def preflight(group: WorkerGroup, preflight_id: UUID) -> Run:
    with unit_of_work(group.runs.engine) as work:
        return find_preflight(work.session, group.runs.workspace_id, preflight_id)


def cancel(group: WorkerGroup, preflight_id: UUID) -> None:
    with unit_of_work(group.runs.engine) as work:
        cancel_preflight(work, workspace_id=group.runs.workspace_id, preflight_id=preflight_id)


def test_long_preflights_leave_a_slot_for_runs_and_end_when_cancelled(group: WorkerGroup) -> None:
    group.of(0)
    worker = group.start(CLINIC_SLOTS="2")
    wait_until_ready(worker)
    try:
        long = make_spec(dataset=LONG, training={"num_steps": 1000, "batch_size": 64})
        ids = [submit_preflight(group, long) for _ in range(2)]
        wait_until(lambda: preflight(group, ids[0]).device is not None)

        run_id = group.submit(make_spec())
        run = group.runs.wait_for_end(run_id)
        statuses = [preflight(group, one).status for one in ids]
        for one in ids:
            cancel(group, one)
        wait_until(lambda: all(preflight(group, one).status.has_ended for one in ids), within_s=15)
    finally:
        worker.end()

    assert run.stop_reason is StopReason.COMPLETED
    assert statuses == [RunStatus.RUNNING, RunStatus.QUEUED]
    assert {preflight(group, one).stop_reason for one in ids} == {StopReason.CANCELLED}


def test_a_preflight_ends_when_its_time_is_over(group: WorkerGroup) -> None:
    group.of(0)
    worker = group.start(CLINIC_PREFLIGHT_TIME_LIMIT_S="2")
    wait_until_ready(worker)
    try:
        long = make_spec(dataset=LONG, training={"num_steps": 1000, "batch_size": 64})
        preflight_id = submit_preflight(group, long)
        wait_until(lambda: preflight(group, preflight_id).status.has_ended)
    finally:
        worker.end()

    found = preflight(group, preflight_id)
    assert (found.status, found.stop_reason) == (RunStatus.SUCCEEDED, StopReason.TIMED_OUT)
    assert 0 < found.progress_step < 1000
    assert found.spec.training.time_limit_s is None
