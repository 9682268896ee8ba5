"""Workers die or sleep without a word; others take their runs, and nothing is written twice."""

import os
import signal
from uuid import UUID

import redis

from app.domain.events import Event, EventKind
from app.domain.runs import RunStatus, StopReason
from app.store.database import unit_of_work
from app.store.events import events_after
from tests.faults.crew import Crew
from tests.processes import wait_until_dead
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import WorkerProcess

#: A lease, a sweep and a start. One that was stopped in the middle of a transaction holds its run
#: until the database ends it, which takes longer.
RESCUE_S = 45


def test_a_long_run_keeps_no_short_one_waiting(crew: Crew) -> None:
    crew.of(2)
    long = crew.submit(make_spec(training=ENDLESS))
    crew.runs.wait_for_step(long)

    short = [crew.submit(make_spec()) for _ in range(3)]

    ends = [crew.runs.wait_for_end(run_id).stop_reason for run_id in short]
    assert ends == [StopReason.COMPLETED] * 3
    assert crew.runs.get(long).status is RunStatus.RUNNING


def test_a_worker_that_is_told_to_stop_hands_its_run_over_uncharged(crew: Crew) -> None:
    workers = crew.of(2)
    run_id = crew.submit(make_spec(training=ENDLESS))
    crew.runs.wait_for_step(run_id)
    leaving, other = by_activity(workers)
    tree = leaving.tree()

    leaving.send(signal.SIGTERM)

    assert leaving.child.process.wait(8) == 0, leaving.said
    wait_until_dead(*tree, within_s=1)
    run = crew.runs.wait_for_step(run_id, attempt=2)
    assert (run.attempt, run.crash_count) == (2, 0)
    assert other.training()
    # long before the first minute, when a checkpoint would be due
    told = {event.kind: event.data for event in log(crew, run_id)}
    assert told[EventKind.CONTINUED]["from_step"] == told[EventKind.CHECKPOINT]["step"]


def test_a_killed_worker_takes_its_children_along_and_loses_its_run(crew: Crew) -> None:
    workers = crew.of(2)
    run_id = crew.submit(make_spec(training=ENDLESS))
    crew.runs.wait_for_step(run_id)
    killed, other = by_activity(workers)
    tree = killed.tree()

    killed.send(signal.SIGKILL)

    wait_until_dead(*tree, within_s=5)
    run = crew.runs.wait_for_step(run_id, attempt=2, within_s=RESCUE_S)
    assert (run.attempt, run.crash_count) == (2, 1)
    assert other.training()
    assert crew.runs.attempts_with_readings(run_id) == {2}
    steps = crew.runs.steps(run_id)
    assert steps == list(range(len(steps)))


def test_what_is_no_message_at_all_costs_a_worker_but_no_run(crew: Crew) -> None:
    [worker] = crew.of(1)

    with redis.Redis.from_url(crew.broker_url) as client:
        client.lpush("celery", b"\x00 junk")

    # Celery gives up where it cannot read the envelope; whoever keeps the worker starts another
    assert worker.child.process.wait(10) != 0
    run_id = crew.submit(make_spec())
    crew.of(1)
    assert crew.runs.wait_for_end(run_id).stop_reason is StopReason.COMPLETED


def test_a_killed_forkserver_ends_its_worker_and_the_run_is_not_lost(crew: Crew) -> None:
    [worker] = crew.of(1)
    run_id = crew.submit(make_spec(training=ENDLESS))
    crew.runs.wait_for_step(run_id)
    tree = worker.tree()

    os.kill(worker.forkserver(), signal.SIGKILL)

    wait_until_dead(*tree, within_s=10)
    assert crew.runs.get(run_id).status is RunStatus.QUEUED


def by_activity(workers: list[WorkerProcess]) -> tuple[WorkerProcess, WorkerProcess]:
    """The one that trains, then the one that does not."""
    busy, idle = sorted(workers, key=lambda worker: not worker.training())
    return busy, idle


def log(crew: Crew, run_id: UUID) -> list[Event]:
    with unit_of_work(crew.runs.engine) as work:
        return events_after(work.session, run_id, 0, 10_000)
