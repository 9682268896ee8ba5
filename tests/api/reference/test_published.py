"""The OpenAPI document as it is sent: small, compressed once, made once."""

import anyio
import httpx
import pytest
from fastapi import Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.reference.published import PublishedDocument

#: Bytes, with the room of some operations more. Most are examples and the sentences about fields.
MOST_PLAIN = 750_000
MOST_COMPRESSED = 100_000


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/openapi.json", "headers": raw})


def test_the_document_is_no_larger_than_a_picture(client: httpx.Client) -> None:
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})

    assert 100_000 < int(plain.headers["Content-Length"]) < MOST_PLAIN
    assert 10_000 < int(packed.headers["Content-Length"]) < MOST_COMPRESSED


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_who_has_the_document_gets_none(client: httpx.Client, encoding: str) -> None:
    accepted = {"Accept-Encoding": encoding}
    etag = client.get("/openapi.json", headers=accepted).headers["ETag"]

    again = client.get("/openapi.json", headers={**accepted, "If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")


def test_callers_who_come_at_once_share_one_document() -> None:
    made: list[int] = []
    answers: list[Response] = []

    def make() -> dict[str, JsonValue]:
        made.append(1)
        return {"openapi": "3.1.0"}

    published = PublishedDocument(make)

    async def ask() -> None:
        answers.append(await published.answer(request(accept_encoding="gzip")))

    async def ask_together() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)

    anyio.run(ask_together)

    assert made == [1]
    assert {answer.status_code for answer in answers} == {200}
    assert len({bytes(answer.body) for answer in answers}) == 1
