"""No body of an allowed size delays other requests or takes much memory."""

import pytest

from tests.api.costly_bodies import costly_bodies
from tests.api.installation import Installation, api_process
from tests.api.polling import polling
from tests.processes import main_thread_cpu_s, peak_bytes

MAX_STALL_S = 0.1
#: CPU time of the event loop for one body: a stall that no load of the machine makes longer.
MAX_LOOP_S = 0.1
MAX_GROWTH_BYTES = 64 * 2**20


@pytest.mark.alone
@pytest.mark.parametrize("is_keyed", [False, True])
def test_a_costly_body_stalls_nobody(installation: Installation, *, is_keyed: bool) -> None:
    headers = {"Content-Type": "application/json"}
    if is_keyed:
        headers["Authorization"] = f"Bearer {installation.key}"
    statuses: dict[str, int] = {}
    loop_s: dict[str, float] = {}

    with api_process(installation.settings) as api, api.client(installation.key) as client:
        client.headers.pop("Authorization")
        client.post("/v1/runs?dry_run=true", content=b"{}", headers=headers)
        before = peak_bytes(api.pid)
        with polling(f"{api.url}/healthz") as polled:
            for path, name, body in costly_bodies():
                started_at = main_thread_cpu_s(api.pid)
                answer = client.post(path, content=body, headers=headers)
                loop_s[name] = main_thread_cpu_s(api.pid) - started_at
                statuses[name] = answer.status_code
        growth = peak_bytes(api.pid) - before

    assert len(statuses) >= 200
    assert {status for status in statuses.values() if status >= 500} == set()
    assert is_keyed or set(statuses.values()) == {401}
    assert max(loop_s.values()) <= MAX_LOOP_S
    assert polled.num_requests >= 10
    assert polled.longest_s <= MAX_STALL_S
    assert growth <= MAX_GROWTH_BYTES


@pytest.mark.alone
def test_the_first_requests_of_a_process_stall_nobody(installation: Installation) -> None:
    with api_process(installation.settings) as api, api.client(installation.key) as client:
        loop_s: dict[str, float] = {}
        for path in ("/v1/runs?limit=1", "/openapi.json", "/docs", "/v1/catalog", "/metrics"):
            started_at = main_thread_cpu_s(api.pid)
            assert client.get(path).status_code == 200
            loop_s[path] = main_thread_cpu_s(api.pid) - started_at

    assert max(loop_s.values()) <= MAX_LOOP_S
