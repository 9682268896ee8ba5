"""Many callers at once: equal requests under one key, and more of them than connections."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from tests.api.conftest import spec
from tests.api.installation import ApiProcess, Installation

#: Seconds after which a request that is not answered is called hanging.
HANG_S = 60.0
_REFUSED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What callers were answered."""

    statuses: Mapping[int, int]
    #: Until the slowest answer.
    slowest_s: float
    #: Refusals that do not say when to come back.
    without_retry_after: int


@dataclass(frozen=True, kw_only=True)
class OneKey:
    """What equal POSTs under one Idempotency-Key made."""

    calls: Calls
    num_runs: int


@dataclass(frozen=True, kw_only=True)
class Overload:
    """Callers while every connection to the database is stuck, and one after."""

    calls: Calls
    #: From the end of the stall to the first answer that is a success.
    recovery_s: float


def post_under_one_key(api: ApiProcess, made: Installation, *, num_callers: int) -> OneKey:
    tag = uuid4().hex
    calls = asyncio.run(
        _call(
            api,
            made.key,
            "POST",
            "/v1/runs",
            num_callers,
            json=spec(tags=[tag]),
            headers={"Idempotency-Key": tag},
        )
    )
    with api.client(made.key) as client:
        page = client.get("/v1/runs", params={"tag": tag, "limit": 200}).json()
    return OneKey(calls=calls, num_runs=len(page["items"]))


def overload(api: ApiProcess, made: Installation, *, num_callers: int, stall_s: float) -> Overload:
    """A lock on the runs stalls whoever asks for them, and so takes all connections."""
    with _runs_locked(api, made, for_s=stall_s) as lock:
        calls = asyncio.run(_call(api, made.key, "GET", "/v1/runs", num_callers))
    return Overload(calls=calls, recovery_s=round(lock.recovery_s, 2))


@dataclass(kw_only=True)
class _Lock:
    recovery_s: float = 0.0


@contextmanager
def _runs_locked(api: ApiProcess, made: Installation, *, for_s: float) -> Iterator[_Lock]:
    """For so many seconds from before the block is entered; then looks when the API answers."""
    lock, taken = _Lock(), threading.Event()

    def hold() -> None:
        with made.engine.begin() as connection:
            connection.execute(text("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE"))
            taken.set()
            time.sleep(for_s)
        released_at = time.monotonic()
        with api.client(made.key) as client:
            while client.get("/v1/runs").status_code != HTTPStatus.OK:
                time.sleep(0.05)
        lock.recovery_s = time.monotonic() - released_at

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    yield lock
    holder.join()


async def _call(
    api: ApiProcess, key: str, method: str, path: str, num_callers: int, **parts: Any
) -> Calls:
    """All at once, each over a connection of its own."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    authorised = {"Authorization": f"Bearer {key}", **parts.pop("headers", {})}
    async with httpx.AsyncClient(base_url=api.url, limits=limits, timeout=HANG_S) as client:

        async def one() -> tuple[httpx.Response, float]:
            asked_at = time.monotonic()
            answer = await client.request(method, path, headers=authorised, **parts)
            return answer, time.monotonic() - asked_at

        answers = await asyncio.gather(*(one() for _ in range(num_callers)))
    silent = [
        answer
        for answer, _ in answers
        if answer.status_code in _REFUSED and "Retry-After" not in answer.headers
    ]
    return Calls(
        statuses=dict(sorted(Counter(answer.status_code for answer, _ in answers).items())),
        slowest_s=round(max(seconds for _, seconds in answers), 2),
        without_retry_after=len(silent),
    )
