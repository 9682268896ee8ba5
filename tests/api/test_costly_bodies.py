"""No body of an allowed size delays other requests or takes much memory."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.api.costly_bodies import costly_bodies
from tests.api.installation import ApiProcess, Installation, api_process

MAX_STALL_S = 0.1
MAX_GROWTH_BYTES = 64 * 2**20


@dataclass
class Polled:
    """How long /healthz took while it was asked again and again."""

    seconds: list[float] = field(default_factory=list)


@contextmanager
def polling(api: ApiProcess) -> Iterator[Polled]:
    found = Polled()
    has_ended = threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=api.url, timeout=30) as client:
            while not has_ended.is_set():
                started_at = time.perf_counter()
                assert client.get("/healthz").status_code == 200
                found.seconds.append(time.perf_counter() - started_at)

    thread = threading.Thread(target=poll)
    thread.start()
    yield found
    has_ended.set()
    thread.join()


def peak_bytes(api: ApiProcess) -> int:
    """The largest resident size that the process has had."""
    lines = Path(f"/proc/{api.pid}/status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


@pytest.mark.alone
@pytest.mark.parametrize("is_keyed", [False, True])
def test_a_costly_body_stalls_nobody(installation: Installation, *, is_keyed: bool) -> None:
    headers = {"Content-Type": "application/json"}
    if is_keyed:
        headers["Authorization"] = f"Bearer {installation.key}"
    statuses: dict[str, int] = {}

    with api_process(installation.settings) as api, api.client(installation.key) as client:
        client.headers.pop("Authorization")
        client.post("/v1/runs?dry_run=true", content=b"{}", headers=headers)
        before = peak_bytes(api)
        with polling(api) as polled:
            for name, body in costly_bodies():
                answer = client.post("/v1/runs?dry_run=true", content=body, headers=headers)
                statuses[name] = answer.status_code
        growth = peak_bytes(api) - before

    assert len(statuses) >= 200
    assert {status for status in statuses.values() if status >= 500} == set()
    assert is_keyed or set(statuses.values()) == {401}
    assert max(polled.seconds) <= MAX_STALL_S
    assert growth <= MAX_GROWTH_BYTES
