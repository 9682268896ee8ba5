"""While database or broker are silent the API answers soon, and goes on by itself afterwards."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import redis

from app.embedded.servers import Servers
from tests.api.conftest import Clinic, post_run, spec
from tests.api.runs.test_runs import check_problem
from tests.store.test_silent_server import stopped


@contextmanager
def broker_stopped(servers: Servers) -> Iterator[None]:
    """It keeps its connections, accepts new ones and says nothing."""
    pid = servers.broker.child.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def answered(client: httpx.Client, method: str, path: str) -> tuple[httpx.Response, float]:
    started_at = time.monotonic()
    answer = client.request(method, path, json=spec() if method == "POST" else None)
    return answer, time.monotonic() - started_at


@pytest.mark.alone
def test_a_database_that_is_stopped_is_a_503_within_two_seconds(
    clinic: Clinic, client: httpx.Client, servers: Servers
) -> None:
    run = post_run(client)

    with stopped(servers):
        calls = (("GET", "/v1/runs"), ("POST", "/v1/runs"), ("GET", run["links"]["history"]))
        answers = [answered(client, *call) for call in calls]
        ready, ready_s = answered(client, "GET", "/readyz")
        alive, alive_s = answered(client, "GET", "/healthz")

    for answer, seconds in answers:
        assert answer.status_code == 503
        assert check_problem(answer)["code"] == "unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert seconds < 2
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert ready_s < 2
    assert alive_s < 1
    wait_until_back(client)
    assert client.get(run["links"]["self"]).json()["id"] == run["id"]


def wait_until_back(client: httpx.Client) -> None:
    deadline = time.monotonic() + 5
    while client.get("/v1/runs").status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.alone
def test_a_run_is_taken_within_a_second_while_the_broker_is_stopped(
    client: httpx.Client, servers: Servers
) -> None:
    with redis.Redis.from_url(servers.broker.url) as broker:
        broker.delete("celery")
    # connections are there already
    post_run(client)

    with broker_stopped(servers):
        answers = [answered(client, "POST", "/v1/runs") for _ in range(3)]
    after = post_run(client)

    assert [answer.status_code for answer, _ in answers] == [201] * 3
    assert max(seconds for _, seconds in answers) < 1
    with redis.Redis.from_url(servers.broker.url) as broker:
        assert any(after["id"].encode() in message for message in broker.lrange("celery", 0, -1))
