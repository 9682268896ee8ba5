"""Preflights end and leave slots for runs; suspended runs pause; drained workers claim nothing."""

from uuid import UUID

import pytest

from app.domain.runs import Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.services.preflights.cancel_preflight import cancel_preflight
from app.store.database import unit_of_work
from app.store.events import events_after
from app.store.preflights import find_preflight, insert_preflight
from app.store.workers import end_drain, list_workers
from app.store.workspaces import lift_suspension, suspend
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until, wait_until_ready
from worker.supervision.lifecycle import DRAIN

#: Of each of its steps, some milliseconds; of all of them, minutes.
LONG = {"kind": "adding", "length": 2000}


def submit_preflight(group: WorkerGroup, spec: JobSpec, *, num_steps: int = 1000) -> UUID:
    with unit_of_work(group.runs.engine) as work:
        made = insert_preflight(
            work.session, workspace_id=group.runs.workspace_id, spec=spec, num_steps=num_steps
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


@pytest.mark.alone
def test_a_preflight_of_the_initial_weights_waits_for_no_slot(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    busy = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(busy)

    with_steps = submit_preflight(group, make_spec(), num_steps=1)
    quick = [submit_preflight(group, make_spec(), num_steps=0) for _ in range(2)]
    wait_until(lambda: preflight(group, quick[0]).started_at is not None, within_s=10)
    num_children = len(worker.training())
    wait_until(lambda: preflight(group, quick[1]).status.has_ended, within_s=30)

    first, second = (preflight(group, one) for one in quick)
    assert first.started_at is not None
    assert (first.started_at - first.created_at).total_seconds() < 1
    assert (first.stop_reason, second.stop_reason) == (StopReason.COMPLETED,) * 2
    assert num_children <= 2
    assert group.runs.get(busy).status is RunStatus.RUNNING
    assert preflight(group, with_steps).status is RunStatus.QUEUED
    cancel(group, with_steps)


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


def test_the_run_of_a_suspended_workspace_pauses_and_goes_on_from_its_checkpoint(
    group: WorkerGroup,
) -> None:
    group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    workspace_id = group.runs.workspace_id
    group.runs.wait_for_step(run_id)

    with unit_of_work(group.runs.engine) as work:
        suspend(work.session, workspace_id)
    wait_until(lambda: group.runs.get(run_id).status is RunStatus.QUEUED, within_s=15)
    paused = group.runs.get(run_id)
    with unit_of_work(group.runs.engine) as work:
        reasons = [one.data.get("reason") for one in events_after(work.session, run_id, 0, 1000)]
        lift_suspension(work.session, workspace_id)
    resumed = group.runs.wait_for_step(run_id, attempt=2)

    assert (paused.crash_count, paused.attempt) == (0, 1)
    assert "workspace_suspended" in reasons
    assert resumed.is_continued_bitwise
    assert resumed.progress_step > paused.progress_step > 0
    assert group.runs.attempts_with_readings(run_id) == {1, 2}


def test_a_worker_that_is_told_to_drain_finishes_its_run_and_claims_nothing(
    group: WorkerGroup,
) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)

    worker.send(DRAIN)
    wait_until(lambda: bool(drained(group)), within_s=15)
    next_id = group.submit(make_spec())
    before = group.runs.get(run_id)
    group.cancel(run_id)
    ended = group.runs.wait_for_end(run_id)
    wait_until(lambda: not worker.training())
    waiting = group.runs.get(next_id)
    with unit_of_work(group.runs.engine) as work:
        [worker_id] = drained(group)
        end_drain(work.session, worker_id)
    finished = group.runs.wait_for_end(next_id, within_s=30)

    assert before.status is RunStatus.RUNNING
    assert (ended.stop_reason, ended.attempt) == (StopReason.CANCELLED, 1)
    assert waiting.status is RunStatus.QUEUED
    assert worker.is_alive
    assert finished.stop_reason is StopReason.COMPLETED


def drained(group: WorkerGroup) -> list[UUID]:
    with unit_of_work(group.runs.engine) as work:
        found = list_workers(work.session)
    return [one.id for one in found if one.drain_requested_at is not None]
