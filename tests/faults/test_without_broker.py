"""The broker is only a doorbell: without one, runs start a little later."""

import signal

from app.domain.runs import RunStatus, StopReason
from tests.faults.worker_group import WorkerGroup
from tests.processes import wait_until_dead
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until_ready


def test_runs_start_and_a_worker_leaves_as_soon_as_it_is_told(group: WorkerGroup) -> None:
    group.of(0)
    worker = group.start(CLINIC_BROKER_URL="redis://127.0.0.1:1/0")
    try:
        wait_until_ready(worker)
        first = group.submit_silently(make_spec())
        assert group.runs.wait_for_end(first).stop_reason is StopReason.COMPLETED
        second = group.submit_silently(make_spec(training=ENDLESS))
        group.runs.wait_for_step(second)
        tree = worker.tree()

        worker.send(signal.SIGTERM)

        assert worker.child.process.wait(8) == 0, worker.said
        wait_until_dead(*tree, within_s=1)
        run = group.runs.get(second)
        assert (run.status, run.attempt, run.crash_count) == (RunStatus.QUEUED, 1, 0)
    finally:
        worker.end()
