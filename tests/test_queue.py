"""Notifications reach a real broker; a broker that is down or silent costs little time."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import redis

from app.queue import TASK, RunQueue

RUN_ID = UUID("019a0000-0000-7000-8000-000000000000")
#: Each of connecting, writing and reading may take TIMEOUT_S.
MAX_S = 1.0


def test_a_notification_carries_the_run_s_id(broker_url: str) -> None:
    queue = RunQueue(broker_url)

    assert queue.notify(RUN_ID)
    queue.close()

    with redis.Redis.from_url(broker_url) as broker:
        message = json.loads(broker.rpop("celery"))
    assert message["headers"]["task"] == TASK
    assert str(RUN_ID) in message["headers"]["argsrepr"]
    assert (queue.num_sent, queue.num_failed) == (1, 0)


def test_the_broker_is_reachable(broker_url: str) -> None:
    assert RunQueue(broker_url).is_reachable()


def test_a_broker_that_is_away_costs_little() -> None:
    queue = RunQueue("redis://127.0.0.1:9/0")
    began = time.monotonic()

    assert not queue.notify(uuid4())
    assert not queue.is_reachable()

    assert time.monotonic() - began < MAX_S
    assert queue.num_failed == 1


def test_a_broker_that_is_silent_costs_little() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = RunQueue(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()

        assert not queue.notify(uuid4())
        elapsed_s = time.monotonic() - began

    assert elapsed_s < MAX_S


def test_many_callers_at_once_wait_for_a_silent_broker_no_longer_than_one() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        queue = RunQueue(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()

        with ThreadPoolExecutor(30) as callers:
            accepted = list(callers.map(queue.notify, [uuid4() for _ in range(30)]))
        elapsed_s = time.monotonic() - began

    assert not any(accepted)
    assert elapsed_s < 3 * MAX_S
    assert queue.num_failed == 30
