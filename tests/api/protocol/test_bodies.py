"""Bodies are read once, under a limit."""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.types import Message

from app.api.protocol.bodies import LimitedRequest, is_json
from app.domain.errors import TooLarge
from tests.api.conftest import Clinic


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/json", False),
        ("text/csv", False),
        ("", False),
    ],
)
def test_json_is_told_by_its_content_type(content_type: str, *, expected: bool) -> None:
    assert is_json(content_type) is expected


def request_of(*chunks: bytes, headers: dict[str, str] | None = None) -> Request:
    """A request whose body arrives in these chunks."""
    messages = iter(
        {"type": "http.request", "body": chunk, "more_body": index + 1 < len(chunks)}
        for index, chunk in enumerate(chunks)
    )

    async def receive() -> Message:
        return next(messages)

    named = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "headers": named}, receive)


def test_a_body_is_parsed_once() -> None:
    request = LimitedRequest(request_of(b'{"a": ', b"[1]}"), max_bytes=100)

    async def read_twice() -> tuple[JsonValue, JsonValue]:
        return await request.json(), await request.json()

    first, second = asyncio.run(read_twice())

    assert first == {"a": [1]}
    assert second is first


def test_a_body_that_is_declared_too_large_is_not_read() -> None:
    headers = {"Content-Length": "101"}
    request = LimitedRequest(request_of(headers=headers), max_bytes=100)

    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        asyncio.run(request.body())


def test_a_body_that_grows_too_large_is_read_no_further() -> None:
    request = LimitedRequest(request_of(b"x" * 60, b"x" * 41, b"unread"), max_bytes=100)

    with pytest.raises(TooLarge):
        asyncio.run(request.body())

    async def following() -> Message:
        return await request.receive()

    assert asyncio.run(following())["body"] == b"unread"


@pytest.mark.parametrize("length", ["", "-1", "1e9", "9" * 30])
def test_an_unreadable_declared_length_counts_as_none(length: str) -> None:
    headers = {"Content-Length": length}
    request = LimitedRequest(request_of(b"whole", headers=headers), max_bytes=100)

    assert asyncio.run(request.body()) == b"whole"


def test_a_client_that_leaves_before_its_body_has_arrived_is_no_failure(clinic: Clinic) -> None:
    arriving: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(arriving)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/runs",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {clinic.key}".encode()),
        ],
    }
    asyncio.run(clinic.app(scope, receive, send))

    assert sent[0]["status"] == 400


def operations_with_a_body(clinic: Clinic) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, operations in clinic.app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic wrong"])
def test_a_body_without_a_valid_key_is_not_read(clinic: Clinic, authorization: str | None) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        pytest.fail("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"99999999")]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode()))
    operations = operations_with_a_body(clinic)

    async def request_all() -> None:
        # at once, because each connection lingers for a second after its answer
        scope = {"type": "http", "query_string": b"", "headers": headers}
        requests = [scope | {"method": method, "path": path} for method, path in operations]
        await asyncio.gather(*(clinic.app(request, receive, send) for request in requests))

    asyncio.run(request_all())

    statuses = [message["status"] for message in sent if message["type"].endswith("start")]
    assert len(operations) >= 8
    assert statuses == [401] * len(operations)
