"""Viewers of one run share answers, and nobody else gets them."""

import asyncio
import gzip
from types import SimpleNamespace

import pytest
from fastapi import Request
from starlette.responses import Response

from app.api.protocol import shared_answers
from app.api.protocol.shared_answers import MAX_AGE_S, SharedAnswers, accepted_age_s


def request_with(
    *, path: str = "/v1/runs/1/history", method: str = "GET", **headers: str
) -> Request:
    """A request; names of headers are written with `_`."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": raw}
    return Request(scope)


class Handling:
    """Counts its calls; each answer is another one."""

    def __init__(self, *, size: int = 10, status: int = 200) -> None:
        self.calls = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._size, self._status = size, status

    async def __call__(self, request: Request) -> Response:
        assert "if-none-match" not in request.headers or not accepted_age_s(request)
        self.calls += 1
        body = str(self.calls).encode() * self._size
        await self.go_on.wait()
        return Response(body, status_code=self._status, headers={"ETag": f'"{self.calls}"'})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("max-age=2", 2),
        ("no-transform, max-age=1", 1),
        ("max-age=100", MAX_AGE_S),
        ("max-age=0", 0),
        ("no-cache", 0),
        ("s-maxage=3", 0),
        ("max-age=-1", 0),
        ("", 0),
    ],
)
def test_a_client_says_how_old_an_answer_may_be(header: str, expected: float) -> None:
    assert accepted_age_s(request_with(cache_control=header)) == expected


def test_what_changes_something_is_never_shared() -> None:
    assert accepted_age_s(request_with(method="POST", cache_control="max-age=2")) == 0


def test_many_who_ask_at_once_are_answered_by_one_computation() -> None:
    async def ask() -> tuple[list[Response], int]:
        shared, handling = SharedAnswers(), Handling()
        handling.go_on.clear()
        request = request_with(cache_control="max-age=2")
        tasks = [asyncio.create_task(shared.answer(request, "us", handling)) for _ in range(50)]
        await asyncio.sleep(0)
        handling.go_on.set()
        return await asyncio.gather(*tasks), handling.calls

    answers, calls = asyncio.run(ask())

    assert calls == 1
    assert {bytes(one.body) for one in answers} == {b"1" * 10}


def test_others_and_other_addresses_have_answers_of_their_own() -> None:
    async def ask() -> list[bytes]:
        shared, handling = SharedAnswers(), Handling(size=1)
        same = request_with(cache_control="max-age=2")
        other = request_with(path="/v1/runs/2/history", cache_control="max-age=2")
        asked = [(same, "us"), (same, "them"), (other, "us"), (same, "us")]
        return [bytes((await shared.answer(one, who, handling)).body) for one, who in asked]

    assert asyncio.run(ask()) == [b"1", b"2", b"3", b"1"]


def test_an_answer_that_is_too_old_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(shared_answers, "time", SimpleNamespace(monotonic=lambda: now_s))

    async def ask() -> list[bytes]:
        nonlocal now_s
        shared, handling = SharedAnswers(), Handling(size=1)
        found = []
        for later_s in (0.0, 1.9, 0.2):
            now_s += later_s
            request = request_with(cache_control="max-age=2")
            found.append(bytes((await shared.answer(request, "us", handling)).body))
        return found

    assert asyncio.run(ask()) == [b"1", b"1", b"2"]


def test_a_failure_is_not_shared() -> None:
    async def ask() -> tuple[list[int], int]:
        shared, handling = SharedAnswers(), Handling(status=503)
        request = request_with(cache_control="max-age=2")
        answers = [await shared.answer(request, "us", handling) for _ in range(2)]
        return [one.status_code for one in answers], handling.calls

    assert asyncio.run(ask()) == ([503, 503], 2)


def test_an_error_reaches_the_one_who_met_it_and_others_try_themselves() -> None:
    async def ask() -> list[object]:
        shared = SharedAnswers()
        calls = 0

        async def handle(_: Request) -> Response:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            if calls == 1:
                raise ValueError
            return Response(b"fine")

        request = request_with(cache_control="max-age=2")
        tasks = [asyncio.create_task(shared.answer(request, "us", handle)) for _ in range(2)]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [type(one) for one in found]

    assert asyncio.run(ask()) == [ValueError, Response]


def test_a_viewer_who_has_the_answer_already_is_told_so() -> None:
    async def ask() -> list[int]:
        shared, handling = SharedAnswers(), Handling()
        plain = request_with(cache_control="max-age=2")
        knowing = request_with(cache_control="max-age=2", if_none_match='"1"')
        asked = (knowing, plain, knowing)
        return [(await shared.answer(one, "us", handling)).status_code for one in asked]

    assert asyncio.run(ask()) == [304, 200, 304]


def test_an_answer_is_compressed_once_for_those_who_take_it() -> None:
    async def ask() -> tuple[Response, Response]:
        shared, handling = SharedAnswers(), Handling(size=5000)
        gzipped = request_with(cache_control="max-age=2", accept_encoding="gzip, br")
        first = await shared.answer(gzipped, "us", handling)
        plain = await shared.answer(request_with(cache_control="max-age=2"), "us", handling)
        return first, plain

    compressed, plain = asyncio.run(ask())

    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(bytes(compressed.body)) == plain.body == b"1" * 5000
    assert "content-encoding" not in plain.headers


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "KEPT_BYTES", 2500)

    async def ask() -> int:
        shared, handling = SharedAnswers(), Handling(size=1000)
        for number in [*range(5), 4, 0]:
            path = f"/v1/runs/{number}/history"
            request = request_with(path=path, cache_control="max-age=2")
            await shared.answer(request, "us", handling)
        return handling.calls

    assert asyncio.run(ask()) == 6


def test_a_longer_answer_than_may_be_kept_is_sent_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_answers, "MAX_BYTES", 10)

    async def ask() -> tuple[int, int]:
        shared, handling = SharedAnswers(), Handling(size=11)
        request = request_with(cache_control="max-age=2")
        answers = [await shared.answer(request, "us", handling) for _ in range(2)]
        return len(answers[1].body), handling.calls

    assert asyncio.run(ask()) == (11, 2)
