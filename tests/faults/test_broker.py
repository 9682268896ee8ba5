"""A broker falls silent, dies or forgets: workers hear it again, or make room for those who do."""

import signal
from uuid import uuid4

import redis

from app.domain.runs import StopReason
from tests.faults.clinic import Clinic
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until


def num_bells(clinic: Clinic) -> int:
    with redis.Redis.from_url(clinic.broker_url, socket_timeout=2) as client:
        return int(client.llen("celery"))


def test_a_worker_whose_broker_died_hears_bells_again_or_leaves(clinic: Clinic) -> None:
    [worker] = clinic.group.of(1)

    clinic.stop_broker(signal.SIGKILL)
    clinic.start_broker()
    clinic.group.queue.notify(uuid4())

    wait_until(lambda: num_bells(clinic) == 0 or not worker.is_alive, within_s=45)


def test_a_worker_whose_broker_was_silent_hears_bells_again_or_leaves(
    clinic: Clinic,
) -> None:
    [worker] = clinic.group.of(1)

    clinic.to_broker.be_silent()
    run_id = clinic.group.submit(make_spec())
    run = clinic.group.runs.wait_for_end(run_id)
    clinic.to_broker.speak()
    clinic.group.queue.notify(uuid4())

    # it was found in the database
    assert run.stop_reason is StopReason.COMPLETED
    wait_until(lambda: num_bells(clinic) == 0 or not worker.is_alive, within_s=45)


def test_a_broker_that_forgets_everything_loses_no_run(clinic: Clinic) -> None:
    clinic.group.of(1)
    training = clinic.group.submit(make_spec(training=ENDLESS))
    before = clinic.group.runs.wait_for_step(training)
    waiting = clinic.group.submit(make_spec())

    with redis.Redis.from_url(clinic.broker_url) as client:
        client.flushall()
    clinic.group.cancel(training)

    assert clinic.group.runs.wait_for_end(waiting).stop_reason is StopReason.COMPLETED
    run = clinic.group.runs.get(training)
    assert (run.stop_reason, run.attempt) == (StopReason.CANCELLED, before.attempt)
