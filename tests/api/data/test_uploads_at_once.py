"""Large uploads delay nobody: neither other requests nor the uploads of other workspaces."""

import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from tests.api.conftest import spec
from tests.api.installation import ApiProcess, Installation, api_process, new_workspace
from tests.api.polling import polling

#: As many rows as 5.7 MiB hold: the costliest shape for its size.
NARROW = b"a,b\n" + b"1,2\n" * 1_500_000
#: Its check took more than the 20 s after which the database ends an idle transaction.
LONG_CHECK = b"a,b\n" + b"1,2\n" * 4_000_000
LARGEST_TEXT = b"ab cd\n" * (62 * 2**20 // 6)
SMALL = b"a\n" + b"1\n" * 49
MAX_SMALL_S = 3.0
MAX_GET_S = 0.3
MAX_GROWTH_BYTES = 64 * 2**20


@pytest.fixture(scope="module")
def api(installation: Installation) -> Iterator[ApiProcess]:
    with api_process(installation.settings) as made:
        yield made


def upload(api: ApiProcess, key: str, content: bytes, *, kind: str = "csv") -> httpx.Response:
    headers = {"Idempotency-Key": f"{kind}-{time.monotonic_ns()}"}
    with api.client(key) as client:
        client.timeout = httpx.Timeout(300)
        return client.post(f"/v1/datasets?name=a&kind={kind}", content=content, headers=headers)


def started_upload(api: ApiProcess, key: str) -> socket.socket:
    """The connection of an upload of which only the first byte is sent."""
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    head = (
        "POST /v1/datasets?name=a&kind=text HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: 100\r\n\r\na"
    )
    connection.sendall(head.encode())
    return connection


def uploads_meanwhile(
    api: ApiProcess, key: str, calls: list[Future[httpx.Response]]
) -> list[tuple[int, float]]:
    """Status and seconds of one small upload after the other, until the calls are answered."""
    found: list[tuple[int, float]] = []
    while not found or not all(call.done() for call in calls):
        asked_at = time.perf_counter()
        answer = upload(api, key, SMALL)
        found.append((answer.status_code, time.perf_counter() - asked_at))
    return found


@pytest.mark.alone
@pytest.mark.parametrize(
    ("contents", "kind"),
    [([NARROW, NARROW], "csv"), ([LONG_CHECK], "csv"), ([LARGEST_TEXT], "text")],
)
def test_large_uploads_of_one_workspace_delay_nobody(
    installation: Installation, api: ApiProcess, contents: list[bytes], kind: str
) -> None:
    other = new_workspace(installation.engine, "other")
    with api.client(installation.key) as client:
        run = client.post("/v1/runs", json=spec()).json()
    assert upload(api, other, SMALL).status_code == 201
    before = api.rss_bytes

    with (
        ThreadPoolExecutor(2) as pool,
        polling(f"{api.url}/v1/runs/{run['id']}", key=installation.key) as polled,
    ):
        calls = [pool.submit(upload, api, installation.key, c, kind=kind) for c in contents]
        small = uploads_meanwhile(api, other, calls)

    assert {call.result().status_code for call in calls} == {201}
    assert {status for status, _ in small} == {201}
    assert max(seconds for _, seconds in small) <= MAX_SMALL_S
    assert polled.num_requests >= 10
    assert polled.longest_s <= MAX_GET_S
    assert api.rss_bytes - before <= MAX_GROWTH_BYTES


def test_a_workspace_with_too_many_uploads_under_way_is_refused_before_its_body(
    installation: Installation, api: ApiProcess
) -> None:
    other = new_workspace(installation.engine, "other")
    started = [started_upload(api, installation.key) for _ in range(9)]

    (answered, *_), _, _ = select.select(started, [], [], 20)
    refused = answered.recv(65536)
    meanwhile = upload(api, other, SMALL)
    for one in started:
        one.close()

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: " in refused.lower()
    assert meanwhile.status_code == 201
