"""The broker is only a doorbell: without one, runs start a little later."""

import signal

from app.domain.runs import RunStatus, StopReason
from tests.faults.crew import Crew
from tests.processes import wait_until_dead
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until_ready


def test_runs_start_and_a_worker_leaves_as_soon_as_it_is_told(crew: Crew) -> None:
    crew.of(0)
    worker = crew.start(CLINIC_BROKER_URL="redis://127.0.0.1:1/0")
    try:
        wait_until_ready(worker)
        first = crew.submit_silently(make_spec())
        assert crew.runs.wait_for_end(first).stop_reason is StopReason.COMPLETED
        second = crew.submit_silently(make_spec(training=ENDLESS))
        crew.runs.wait_for_step(second)
        tree = worker.tree()

        worker.send(signal.SIGTERM)

        assert worker.child.process.wait(8) == 0, worker.said
        wait_until_dead(*tree, within_s=1)
        run = crew.runs.get(second)
        assert (run.status, run.attempt, run.crash_count) == (RunStatus.QUEUED, 1, 0)
    finally:
        worker.end()
