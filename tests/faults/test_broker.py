"""A broker falls silent, dies or forgets: workers hear it again, or make room for those who do."""

import signal
from uuid import uuid4

import redis

from app.domain.runs import StopReason
from tests.faults.site import Site
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until


def num_bells(site: Site) -> int:
    with redis.Redis.from_url(site.broker_url, socket_timeout=2) as client:
        return int(client.llen("celery"))


def test_a_worker_whose_broker_died_hears_bells_again_or_leaves(site: Site) -> None:
    [worker] = site.crew.of(1)

    site.stop_broker(signal.SIGKILL)
    site.start_broker()
    site.crew.queue.notify(uuid4())

    wait_until(lambda: num_bells(site) == 0 or not worker.is_alive, within_s=45)


def test_a_worker_whose_broker_was_silent_hears_bells_again_or_leaves(site: Site) -> None:
    [worker] = site.crew.of(1)

    site.to_broker.be_silent()
    run_id = site.crew.submit(make_spec())
    run = site.crew.runs.wait_for_end(run_id)
    site.to_broker.speak()
    site.crew.queue.notify(uuid4())

    # it was found in the database
    assert run.stop_reason is StopReason.COMPLETED
    wait_until(lambda: num_bells(site) == 0 or not worker.is_alive, within_s=45)


def test_a_broker_that_forgets_everything_loses_no_run(site: Site) -> None:
    site.crew.of(1)
    training = site.crew.submit(make_spec(training=ENDLESS))
    before = site.crew.runs.wait_for_step(training)
    waiting = site.crew.submit(make_spec())

    with redis.Redis.from_url(site.broker_url) as client:
        client.flushall()
    site.crew.cancel(training)

    assert site.crew.runs.wait_for_end(waiting).stop_reason is StopReason.COMPLETED
    run = site.crew.runs.get(training)
    assert (run.stop_reason, run.attempt) == (StopReason.CANCELLED, before.attempt)
