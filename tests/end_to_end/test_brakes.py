"""A whole service is braked: by its operator, by its limits, and on the server's machine."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from app.embedded.home import make_home
from tests.end_to_end.conftest import LONGEST_WAIT_S, Json, Owner
from tests.supervision.test_serve import environ_of, serving

#: Each of its steps takes seconds.
LONG: Json = {
    "model": {"kind": "gru"},
    "dataset": {"kind": "adding", "length": 20_000},
    "training": {"num_steps": 1000},
}
SHORT: Json = {
    "model": {"kind": "elman", "hidden_size": 4},
    "dataset": {"kind": "adding", "length": 10},
    "training": {"num_steps": 20},
}
#: More memory than the machines have on which this is tested.
HUGE: Json = {
    "model": {"kind": "lstm", "hidden_size": 256},
    "dataset": {"kind": "adding", "length": 20_000},
    "training": {"num_steps": 10, "batch_size": 6000},
}


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The admin of the first workspace of a service with two slots."""
    home = make_home(tmp_path_factory.mktemp("braked") / "home")
    with serving(home, CLINIC_SLOTS="2", CLINIC_MAX_TIME_LIMIT_S="3600") as service:
        service.wait_for("/readyz")
        address = (home / "address").read_text().strip()
        headers = {"Authorization": f"Bearer {(home / 'admin-key').read_text().strip()}"}
        with httpx.Client(base_url=address, headers=headers, timeout=LONGEST_WAIT_S) as http:
            yield Owner(service=service, http=http)


@pytest.fixture
def tenant(operator: Owner) -> Iterator[Owner]:
    made = operator.http.post("/v1/workspaces", json={"name": "tenant"}).json()
    headers = {"Authorization": f"Bearer {made['admin_key']['key']}"}
    url = operator.http.base_url
    with httpx.Client(base_url=url, headers=headers, timeout=LONGEST_WAIT_S) as http:
        yield Owner(service=operator.service, http=http)


def clinic(operator: Owner, *arguments: str) -> list[str]:
    """What the command says on the server's machine."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    environ = dict(environ_of(operator.service.home))
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_two_endless_preflights_leave_a_slot_and_can_be_ended(tenant: Owner) -> None:
    ask = "/v1/preflight?mini_steps=1000&wait_s=0"
    paths = [tenant.http.post(ask, json=LONG).headers["Location"] for _ in range(2)]
    tenant.wait_until(lambda: tenant.read(paths[0])["status"] == "running")

    run = tenant.run(tenant.post_run(SHORT), until="ended", wait_s="60")
    refused = tenant.http.get("/v1/preflights?status=running").json()["items"]
    for path in paths:
        assert tenant.http.delete(path).status_code == httpx.codes.ACCEPTED
    tenant.wait_until(
        lambda: all(tenant.read(path)["status"] == "cancelled" for path in paths), within_s=15
    )

    assert run["status"] == "succeeded"
    assert [one["links"]["self"] for one in refused] == paths[:1]


def test_an_operator_ends_what_a_tenant_runs_and_shuts_it_out(
    operator: Owner, tenant: Owner
) -> None:
    run_id = tenant.post_run(LONG)
    key_id = tenant.http.get("/v1/api-keys").json()["items"][0]["id"]
    tenant.wait_until(lambda: tenant.run(run_id)["status"] == "running")

    cancelled = operator.http.post(f"/v1/admin/runs/{run_id}/cancel")
    revoked = operator.http.delete(f"/v1/api-keys/{key_id}")
    refused = tenant.http.get("/v1/runs")
    operator.wait_until(lambda: status_of(operator, run_id) == "cancelled", within_s=30)
    acts = operator.http.get("/v1/audit?limit=2").json()["items"]

    assert (cancelled.status_code, revoked.status_code, refused.status_code) == (202, 204, 401)
    assert [act["act"] for act in acts] == ["key_revoked", "run_cancelled"]
    assert {act["workspace_id"] for act in acts} == {cancelled.json()["workspace_id"]}


def status_of(operator: Owner, run_id: str) -> str:
    listed = operator.http.get("/v1/admin/runs?limit=200").json()["items"]
    return next(str(one["status"]) for one in listed if one["id"] == run_id)


def test_an_owner_without_an_admin_key_gets_one_on_the_machine(operator: Owner) -> None:
    last = operator.http.get("/v1/api-keys").json()["items"][0]["id"]

    refused = operator.http.delete(f"/v1/api-keys/{last}")
    clinic(operator, "keys", "revoke", last)
    locked_out = operator.http.get("/v1/runs")
    [key] = clinic(operator, "keys", "create", "--as-admin-key")
    operator.http.headers["Authorization"] = f"Bearer {key}"

    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin_key")
    assert locked_out.status_code == httpx.codes.UNAUTHORIZED
    assert operator.http.get("/v1/runs").status_code == httpx.codes.OK
    assert clinic(operator, "admin-key") == [key]


def test_a_spec_that_no_worker_can_hold_waits_and_tells_why(tenant: Owner) -> None:
    tried = tenant.http.post("/v1/runs?dry_run=true", json=HUGE).json()

    run = tenant.run(tenant.post_run(HUGE))

    assert tried["spec"]["training"]["time_limit_s"] == 3600
    assert any("of memory" in warning for warning in tried["warnings"])
    assert any("time_limit_s" in warning for warning in tried["warnings"])
    assert run["status"] == "queued"
    assert "of memory; the largest has" in str(run["waiting_for"])
