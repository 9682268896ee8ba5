"""Of a body that nobody asked for little is read: the connection is closed after the answer."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import Clinic

#: What a test would send if nobody stopped it.
DECLARED_BYTES = 2**30
#: Above what the kernel holds for a connection between two sockets of one machine.
MOST_SENT_BYTES = 32 * 2**20
CHUNK = b"100000\r\n" + b"x" * 2**20 + b"\r\n"


def send_without_end(clinic: Clinic, request: str, chunk: bytes) -> tuple[bytes, int]:
    """The answer to a request whose body never ends, and the bytes that could be sent."""
    address = urlsplit(clinic.url)
    assert address.hostname is not None
    num_sent = 0
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as sender:
        sender.sendall(f"{request}\r\nHost: {address.netloc}\r\n\r\n".encode())
        with suppress(ConnectionResetError, BrokenPipeError):
            while num_sent < DECLARED_BYTES:
                num_sent += sender.send(chunk)
        return sender.recv(65536), num_sent


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("POST /v1/runs", 401),
        ("PATCH /v1/runs/00000000-0000-0000-0000-000000000000", 401),
        ("POST /v1/datasets?name=a&kind=csv", 401),
        ("POST /v1/nothing", 404),
        ("GET /healthz", 200),
        ("GET /openapi.json", 200),
        ("DELETE /healthz", 405),
    ],
)
def test_a_large_body_without_a_key_ends_the_connection(
    clinic: Clinic, operation: str, status: int
) -> None:
    declared = f"{operation} HTTP/1.1\r\nContent-Length: {DECLARED_BYTES}"
    chunked = f"{operation} HTTP/1.1\r\nTransfer-Encoding: chunked"

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda head: send_without_end(clinic, head, CHUNK), (declared, chunked))

    for answer, num_sent in found:
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"connection: close" in answer.lower()
        assert num_sent < MOST_SENT_BYTES


def test_the_whole_answer_comes_to_a_client_that_sends_a_large_body(clinic: Clinic) -> None:
    with httpx.Client(base_url=clinic.url) as stranger:
        answers = [stranger.post("/v1/runs", content=b"x" * 2**20) for _ in range(200)]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"unauthenticated"}


def test_a_body_above_the_limit_ends_the_connection(clinic: Clinic) -> None:
    head = (
        f"POST /v1/runs HTTP/1.1\r\nAuthorization: Bearer {clinic.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {DECLARED_BYTES}"
    )

    answer, num_sent = send_without_end(clinic, head, CHUNK)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert num_sent < MOST_SENT_BYTES


@pytest.mark.parametrize(("num_bytes", "is_kept"), [(0, True), (8192, True), (8193, False)])
def test_a_small_body_without_a_key_leaves_the_connection_open(
    clinic: Clinic, num_bytes: int, *, is_kept: bool
) -> None:
    with httpx.Client(base_url=clinic.url) as stranger:
        answer = stranger.post("/v1/runs", content=b"x" * num_bytes)

    assert answer.status_code == 401
    assert ("close" not in answer.headers.get("Connection", "")) is is_kept


def test_a_large_body_that_is_read_leaves_the_connection_open(
    clinic: Clinic, client: httpx.Client
) -> None:
    answer = client.post("/v1/datasets?name=a&kind=text", content=b"a" * 100_000)

    assert answer.status_code == 201
    assert "Connection" not in answer.headers
