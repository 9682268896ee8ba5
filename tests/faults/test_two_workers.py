"""Workers die or sleep without a word; others take their runs, and nothing is written twice."""

import os
import signal
from uuid import UUID

from app.domain.events import Event, EventKind
from app.domain.runs import RunStatus, StopReason
from app.store.database import unit_of_work
from app.store.events import events_after
from tests.faults.worker_group import WorkerGroup
from tests.processes import wait_until_dead
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import WorkerProcess

#: A lease, a sweep and a start. One that was stopped in the middle of a transaction holds its run
#: until the database ends it, which takes longer.
RESCUE_S = 45


def test_a_long_run_keeps_no_short_one_waiting(group: WorkerGroup) -> None:
    group.of(2)
    long = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(long)

    short = [group.submit(make_spec()) for _ in range(3)]

    ends = [group.runs.wait_for_end(run_id).stop_reason for run_id in short]
    assert ends == [StopReason.COMPLETED] * 3
    assert group.runs.get(long).status is RunStatus.RUNNING


def test_a_worker_that_is_told_to_stop_hands_its_run_over_uncharged(group: WorkerGroup) -> None:
    workers = group.of(2)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    leaving, other = by_activity(workers)
    tree = leaving.tree()

    leaving.send(signal.SIGTERM)

    assert leaving.child.process.wait(8) == 0, leaving.said
    wait_until_dead(*tree, within_s=1)
    run = group.runs.wait_for_step(run_id, attempt=2)
    assert (run.attempt, run.crash_count) == (2, 0)
    assert other.training()
    # long before the first minute, when a checkpoint would be due
    told = {event.kind: event.data for event in log(group, run_id)}
    assert told[EventKind.CONTINUED]["from_step"] == told[EventKind.CHECKPOINT]["step"]


def test_a_killed_worker_takes_its_children_along_and_loses_its_run(group: WorkerGroup) -> None:
    workers = group.of(2)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    killed, other = by_activity(workers)
    tree = killed.tree()

    killed.send(signal.SIGKILL)

    wait_until_dead(*tree, within_s=5)
    run = group.runs.wait_for_step(run_id, attempt=2, within_s=RESCUE_S)
    assert (run.attempt, run.crash_count) == (2, 1)
    assert other.training()
    assert group.runs.attempts_with_readings(run_id) == {2}
    steps = group.runs.steps(run_id)
    assert steps == list(range(len(steps)))


def test_a_killed_forkserver_ends_its_worker_and_the_run_is_not_lost(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    tree = worker.tree()

    os.kill(worker.forkserver(), signal.SIGKILL)

    wait_until_dead(*tree, within_s=10)
    assert group.runs.get(run_id).status is RunStatus.QUEUED


def by_activity(workers: list[WorkerProcess]) -> tuple[WorkerProcess, WorkerProcess]:
    """The one that trains, then the one that does not."""
    busy, idle = sorted(workers, key=lambda worker: not worker.training())
    return busy, idle


def log(group: WorkerGroup, run_id: UUID) -> list[Event]:
    with unit_of_work(group.runs.engine) as work:
        return events_after(work.session, run_id, 0, 10_000)
