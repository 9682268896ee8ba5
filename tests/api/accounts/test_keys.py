"""Keys: what they may grant, which of them may go, and what ends when one does."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.domain.access import Scope
from tests.api.conftest import Clinic, post_run, spec
from tests.api.runs.test_runs import check_problem
from tests.api.telemetry.test_events import LINES, STREAM, events_in

EVERYTHING = list(Scope)
#: In which requests with a revoked key must end.
ENDS_WITHIN_S = 1.0


@pytest.fixture
def workspace(clinic: Clinic, client: httpx.Client) -> Iterator[dict[str, Any]]:
    """A workspace with one admin key."""
    made = client.post("/v1/workspaces", json={"name": "of keys"}).json()
    yield made
    with clinic.client(clinic.key) as operator:
        operator.delete(f"/v1/workspaces/{made['id']}")


@pytest.fixture
def owner(clinic: Clinic, workspace: dict[str, Any]) -> Iterator[httpx.Client]:
    with clinic.client(workspace["admin_key"]["key"]) as made:
        yield made


def new_key(client: httpx.Client, **order: Any) -> dict[str, Any]:
    answer = client.post("/v1/api-keys", json={"scopes": EVERYTHING, **order})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def revoke(client: httpx.Client, key: dict[str, Any]) -> httpx.Response:
    return client.delete(f"/v1/api-keys/{key['id']}")


def test_the_last_admin_key_stays_until_it_has_a_successor(
    owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    last = workspace["admin_key"]
    new_key(owner, scopes=["runs:read"])

    refused = revoke(owner, last)
    new_key(owner)
    gone = revoke(owner, last)

    assert refused.status_code == 409
    assert check_problem(refused)["code"] == "last_admin_key"
    assert "create one" in refused.json()["detail"]
    assert gone.status_code == 204


@pytest.mark.parametrize(
    "order",
    [
        {"scopes": ["admin"]},
        {"scopes": EVERYTHING, "expires_at": "2100-01-01T00:00:00Z"},
    ],
    ids=["with fewer scopes", "that expires earlier"],
)
def test_a_lesser_admin_key_is_no_successor(
    owner: httpx.Client, workspace: dict[str, Any], order: dict[str, Any]
) -> None:
    lesser = new_key(owner, **order)

    assert revoke(owner, workspace["admin_key"]).status_code == 409
    assert revoke(owner, lesser).status_code == 204


def opens(clinic: Clinic, key: dict[str, Any]) -> bool:
    with clinic.client(key["key"]) as holder:
        return holder.get("/v1/runs").status_code == 200


def test_a_revoked_key_may_be_revoked_again(owner: httpx.Client) -> None:
    other = new_key(owner)

    assert [revoke(owner, other).status_code for _ in range(2)] == [204, 204]


def test_a_key_grants_only_its_own_scopes(clinic: Clinic) -> None:
    with clinic.client(clinic.new_key("admin")) as limited:
        refused = limited.post("/v1/api-keys", json={"scopes": ["admin", "runs:write"]})
        made = limited.post("/v1/api-keys", json={"scopes": ["admin"]})

    assert refused.status_code == 403
    assert check_problem(refused)["code"] == "missing_scope"
    assert "runs:write" in refused.json()["detail"]
    assert made.status_code == 201


def test_an_operator_lists_and_revokes_the_keys_of_a_workspace(
    clinic: Clinic, client: httpx.Client, workspace: dict[str, Any]
) -> None:
    listed = client.get("/v1/api-keys", params={"workspace_id": workspace["id"]}).json()["items"]

    revoked = revoke(client, listed[0])

    assert [one["id"] for one in listed] == [workspace["admin_key"]["id"]]
    assert revoked.status_code == 204
    assert not opens(clinic, workspace["admin_key"])


def test_other_workspaces_neither_list_nor_revoke_a_key(
    clinic: Clinic, workspace: dict[str, Any]
) -> None:
    with clinic.client(clinic.other_key) as other:
        listed = other.get("/v1/api-keys", params={"workspace_id": workspace["id"]})
        revoked = revoke(other, workspace["admin_key"])

    assert (listed.status_code, revoked.status_code) == (404, 404)
    assert opens(clinic, workspace["admin_key"])


Wait = Callable[[httpx.Client, dict[str, Any]], int]


def follow(client: httpx.Client, run: dict[str, Any]) -> int:
    with client.stream("GET", run["links"]["events"], headers=STREAM) as answer:
        return len(list(events_in(answer.iter_lines())))


def follow_lines(client: httpx.Client, run: dict[str, Any]) -> int:
    with client.stream("GET", run["links"]["events"], headers=LINES) as answer:
        return len(list(answer.iter_lines()))


def wait_for_end(client: httpx.Client, run: dict[str, Any]) -> int:
    answer = client.get(run["links"]["self"], params={"until": "ended", "wait_s": 60})
    return answer.status_code


def wait_for_preflight(client: httpx.Client, _run: dict[str, Any]) -> int:
    answer = client.post("/v1/preflight", json=spec(), params={"wait_s": 60})
    return answer.status_code


@pytest.mark.parametrize(
    ("wait", "result"),
    [(follow, 1), (follow_lines, 1), (wait_for_end, 401), (wait_for_preflight, 401)],
)
def test_what_waits_with_a_revoked_key_ends_at_once(
    clinic: Clinic, client: httpx.Client, wait: Wait, result: int
) -> None:
    run = post_run(client)
    key = client.post("/v1/api-keys", json={"scopes": ["runs:read", "runs:write"]}).json()
    results: list[int] = []
    hub = clinic.app.state.resources.event_hub

    def hold() -> None:
        with clinic.client(key["key"]) as holder:
            results.append(wait(holder, run))

    thread = threading.Thread(target=hold)
    thread.start()
    deadline = time.monotonic() + 20
    while not hub.has_followers:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    revoke(client, key)
    revoked_at = time.monotonic()
    thread.join(20)
    waited_s = time.monotonic() - revoked_at
    client.delete(run["links"]["self"])

    assert results == [result]
    assert waited_s < ENDS_WITHIN_S
