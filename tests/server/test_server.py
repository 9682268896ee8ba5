"""A real server and clients that keep it waiting: others are served, and nothing is logged."""

import json
import re
import resource
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server.__main__ import main
from app.server.listening import RESERVED_DESCRIPTORS, room_for_connections
from tests.api.conftest import post_run
from tests.api.installation import COMMAND, ApiProcess, Installation, api_process
from tests.server.slow_clients import slow_clients

#: Much shorter than anybody's, so that the tests are.
HEAD_S, BODY_S, IDLE_S = 0.6, 0.5, 1.0
MAX_DESCRIPTORS = 300
#: Half of so few descriptors is reserved.
ROOM = 150
#: Far longer than any deadline here, for a machine with much to do.
PATIENCE_S = 20.0
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: clinic\r\n"
GET = HALF_A_HEAD + b"\r\n"
POST = b"POST /v1/runs HTTP/1.1\r\nHost: clinic\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def api(installation: Installation) -> Iterator[ApiProcess]:
    """It has few descriptors and short deadlines."""
    variables = {
        "CLINIC_HEAD_TIMEOUT_S": str(HEAD_S),
        "CLINIC_BODY_TIMEOUT_S": str(BODY_S),
        "CLINIC_IDLE_TIMEOUT_S": str(IDLE_S),
    }
    limited = ("sh", "-c", f'ulimit -n {MAX_DESCRIPTORS} && exec "$@"', "sh", *COMMAND)
    with api_process(installation.settings, command=limited, **variables) as process:
        yield process


@pytest.fixture
def client(api: ApiProcess, installation: Installation) -> Iterator[httpx.Client]:
    with api.client(installation.key) as made:
        yield made


@pytest.fixture
def connection(api: ApiProcess) -> Iterator[socket.socket]:
    with connected(api) as made:
        yield made


def connected(api: ApiProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_S)


def received(connection: socket.socket) -> bytes:
    """Everything until the server ends the connection, which may be in the middle."""
    content = b""
    try:
        while part := connection.recv(65536):
            content += part
    except ConnectionResetError:
        pass
    return content


def problem_in(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    problem: dict[str, Any] = json.loads(body)
    return problem


def ended(client: httpx.Client) -> dict[str, float]:
    """Connections that the server ended, by reason."""
    pattern = r'clinic_connections_ended_total{reason="(\w+)"} (\S+)'
    found = re.findall(pattern, client.get("/metrics").text)
    return {reason: float(number) for reason, number in found}


@pytest.mark.alone
def test_half_a_head_is_refused_in_time(client: httpx.Client, api: ApiProcess) -> None:
    before = ended(client).get("slow_head", 0)

    # not opened before, since a connection that says nothing is ended after `HEAD_S`
    began = time.monotonic()
    with connected(api) as connection:
        connection.sendall(HALF_A_HEAD)
        problem = problem_in(received(connection))
    took_s = time.monotonic() - began

    assert (problem["status"], problem["code"]) == (408, "request_timeout")
    assert took_s < PATIENCE_S / 2
    assert ended(client)["slow_head"] == before + 1


def test_a_head_that_comes_a_byte_at_a_time_has_no_longer(connection: socket.socket) -> None:
    began = time.monotonic()
    with pytest.raises(OSError, match=r"reset|Broken"):  # noqa: PT012 - the loop is what is tried
        while time.monotonic() < began + PATIENCE_S:
            connection.sendall(b"G")
            time.sleep(0.02)


def test_a_connection_that_says_nothing_is_ended_without_a_word(connection: socket.socket) -> None:
    assert received(connection) == b""


def test_a_body_that_stalls_ends_its_connection(
    client: httpx.Client, connection: socket.socket
) -> None:
    before = ended(client).get("slow_body", 0)

    connection.sendall(POST + b"Content-Length: 100\r\n\r\n{")
    received(connection)

    assert ended(client)["slow_body"] == before + 1


def test_a_slow_body_that_makes_progress_is_read_to_its_end(
    client: httpx.Client, installation: Installation
) -> None:
    def slowly() -> Iterator[bytes]:
        yield b'{"model": {"kind": "none"}, '
        began = time.monotonic()
        while time.monotonic() < began + 3 * BODY_S:
            yield b" " * 200
            time.sleep(0.05)
        yield b'"dataset": {"kind": "adding"}}'

    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/runs", content=slowly(), headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/model/kind"


def test_a_connection_is_kept_between_requests_and_not_for_ever(
    client: httpx.Client, connection: socket.socket
) -> None:
    before = ended(client).get("idle", 0)

    connection.sendall(GET)
    wait_for(connection, b'"ok"}')
    time.sleep(IDLE_S / 2)
    connection.sendall(GET)
    answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 200")
    assert ended(client)["idle"] >= before + 1


def test_a_client_that_does_not_read_its_answers_is_ended(
    client: httpx.Client, api: ApiProcess
) -> None:
    before = ended(client).get("slow_reader", 0)

    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", api.port))
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: clinic\r\n\r\n" * 50)
        deadline = time.monotonic() + PATIENCE_S
        while ended(client).get("slow_reader", 0) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_is_not_http_is_refused_as_a_problem(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01\x02\x00 this is TLS\r\n\r\n")

    problem = problem_in(received(connection))

    assert (problem["status"], problem["code"]) == (400, "unreadable_request")


def test_a_body_that_turns_out_not_to_be_http_ends_its_connection(
    api: ApiProcess, connection: socket.socket
) -> None:
    connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{   \r\nno chunk\r\n\r\n")
    received(connection)

    assert "Traceback" not in api.log.read_text()


def test_many_slow_clients_delay_nobody_and_are_not_logged(
    api: ApiProcess, client: httpx.Client
) -> None:
    run = post_run(client)
    log_bytes = api.log.stat().st_size
    seconds: list[float] = []
    num_repeated = 0

    with slow_clients(api.port, 3 * ROOM):
        for _ in range(100):
            began = time.monotonic()
            try:
                answer = client.get(f"/v1/runs/{run['id']}")
            except httpx.TransportError:
                # a kept connection may be ended between two requests: clients repeat a GET
                num_repeated += 1
                answer = client.get(f"/v1/runs/{run['id']}")
            seconds.append(time.monotonic() - began)
            assert answer.status_code == 200
        fresh = httpx.get(f"{api.url}/healthz", timeout=PATIENCE_S)
        descriptors = num_descriptors(api)
    after = client.get(f"/v1/runs/{run['id']}")

    assert (fresh.status_code, after.status_code) == (200, 200)
    assert statistics.median(seconds) < 0.15
    assert num_repeated <= 5
    assert ended(client)["crowded_out"] > ROOM
    assert descriptors < MAX_DESCRIPTORS
    assert api.log.stat().st_size == log_bytes


def num_descriptors(api: ApiProcess) -> int:
    return len(list(Path(f"/proc/{api.pid}/fd").iterdir()))


def test_requests_that_are_answered_are_not_ended_for_new_connections(
    installation: Installation,
) -> None:
    """They follow the log of a run, and take all places."""
    with (
        api_process(installation.settings, CLINIC_MAX_CONNECTIONS="3") as api,
        ExitStack() as streams,
    ):
        with api.client(installation.key) as client:
            run = post_run(client)
        head = f"GET /v1/runs/{run['id']}/events HTTP/1.1\r\nHost: clinic\r\n"
        head += f"Authorization: Bearer {installation.key}\r\nAccept: text/event-stream\r\n\r\n"
        followers = []
        for _ in range(3):
            followers.append(streams.enter_context(connected(api)))
            followers[-1].sendall(head.encode())
            wait_for(followers[-1], b"event: status")
        with connected(api) as refused:
            problem = problem_in(received(refused))
        are_open = [is_open(follower) for follower in followers]

    assert (problem["status"], problem["code"]) == (503, "unavailable")
    assert are_open == [True] * 3


def is_open(connection: socket.socket) -> bool:
    try:
        return connection.recv(65536, socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True


def wait_for(connection: socket.socket, words: bytes) -> None:
    content = b""
    while words not in content:
        part = connection.recv(65536)
        assert part, content
        content += part


def test_a_taken_port_is_one_line(api: ApiProcess) -> None:
    assert main(["--port", str(api.port)]) == 1


def test_there_are_no_more_connections_than_descriptors() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert room_for_connections(10) == 10
    assert room_for_connections(10**7) <= soft
    assert RESERVED_DESCRIPTORS > 0
