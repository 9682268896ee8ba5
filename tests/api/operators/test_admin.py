"""Operators see and cancel the runs of every workspace, and suspend one; others do neither."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.store.claims import claim_next_run
from app.store.database import unit_of_work
from tests.api.conftest import Clinic, post_run, spec
from tests.api.preflights.test_preflight import ask
from tests.api.runs.test_runs import check_problem
from tests.store.builders import CPU, LEASE_S, a_worker, claimed


@pytest.fixture
def workspace(client: httpx.Client) -> dict[str, Any]:
    """One of this test's own."""
    made: dict[str, Any] = client.post("/v1/workspaces", json={"name": "suspected"}).json()
    return made


@pytest.fixture
def owner(
    clinic: Clinic, client: httpx.Client, workspace: dict[str, Any]
) -> Iterator[httpx.Client]:
    with clinic.client(workspace["admin_key"]["key"]) as made:
        yield made
    client.post(f"/v1/admin/workspaces/{workspace['id']}/resume")
    for run in all_runs(client, workspace_id=workspace["id"], status="queued"):
        client.post(run["links"]["cancel"])


def all_runs(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/admin/runs", params={"limit": "200", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def suspend(client: httpx.Client, workspace: dict[str, Any]) -> httpx.Response:
    return client.post(f"/v1/admin/workspaces/{workspace['id']}/suspend")


def resume(client: httpx.Client, workspace: dict[str, Any]) -> httpx.Response:
    return client.post(f"/v1/admin/workspaces/{workspace['id']}/resume")


def start(clinic: Clinic, run: dict[str, Any]) -> UUID:
    """Have a worker claim the run; returns the worker's id."""
    with unit_of_work(clinic.app.state.resources.engine) as work:
        found = claimed(work.session, UUID(run["id"]))
    assert found.worker_id is not None
    return found.worker_id


def test_an_operator_lists_the_runs_of_all_workspaces_in_pages(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    own, theirs = post_run(client), post_run(owner, name="suspicious")
    tried = ask(owner, mini_steps=2).json()

    first = client.get("/v1/admin/runs", params={"limit": 2}).json()
    second = client.get(first["next"]).json()

    listed = [*first["items"], *second["items"]][:3]
    assert [one["id"] for one in listed] == [tried["id"], theirs["id"], own["id"]]
    assert [one["kind"] for one in listed] == ["preflight", "run", "run"]
    assert [one["workspace_id"] for one in listed[:2]] == [workspace["id"]] * 2
    assert (listed[1]["name"], listed[1]["model"]) == ("suspicious", "elman")


def test_a_list_has_what_is_asked_for(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    queued, running = post_run(owner), post_run(owner)
    tried = ask(owner).json()
    worker_id = start(clinic, running)
    of_it = {"workspace_id": workspace["id"]}

    def ids(**query: str) -> list[str]:
        return [one["id"] for one in all_runs(client, **of_it, **query)]

    assert ids() == [tried["id"], running["id"], queued["id"]]
    assert ids(kind="run") == [running["id"], queued["id"]]
    assert ids(kind="preflight", status="queued") == [tried["id"]]
    assert ids(worker_id=str(worker_id)) == ids(status="running") == [running["id"]]
    assert client.get("/v1/admin/runs?kind=other").status_code == 422


def test_an_operator_cancels_a_run_whose_log_tells_it(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client
) -> None:
    queued, running, tried = post_run(owner), post_run(owner), ask(owner).json()
    start(clinic, running)
    path = "/v1/admin/runs/{}/cancel"

    answers = [client.post(path.format(one["id"])) for one in (queued, running, tried)]
    again = client.post(path.format(queued["id"]))

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert [answer.json()["status"] for answer in answers] == ["cancelled", "running", "cancelled"]
    assert owner.get(running["links"]["self"]).json()["cancel_requested_at"] is not None
    assert check_problem(again)["code"] == "illegal_transition"
    for run in (queued, running):
        log = owner.get(run["links"]["events"]).json()["items"]
        assert "cancel_requested_by_operator" in {one["data"].get("reason") for one in log}
    acts = owner.get("/v1/audit").json()["items"]
    assert {"run_cancelled", "preflight_cancelled"} <= {act["act"] for act in acts}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/admin/runs"),
        ("POST", "/v1/admin/runs/{run_id}/cancel"),
        ("POST", "/v1/admin/workspaces/{workspace_id}/suspend"),
        ("POST", "/v1/admin/workspaces/{workspace_id}/resume"),
    ],
)
def test_an_admin_of_another_workspace_is_no_operator(
    owner: httpx.Client, workspace: dict[str, Any], method: str, path: str
) -> None:
    run = post_run(owner)

    answer = owner.request(method, path.format(run_id=run["id"], workspace_id=workspace["id"]))

    assert answer.status_code == 403
    assert "first workspace" in check_problem(answer)["detail"]
    assert owner.get(run["links"]["self"]).json()["status"] == "queued"


def test_a_suspended_workspace_opens_nothing_until_it_is_resumed(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    suspended = suspend(client, workspace)
    again = suspend(client, workspace)
    refused = owner.get("/v1/runs")
    resumed = resume(client, workspace)

    assert suspended.json()["suspended_at"] is not None
    assert again.json()["suspended_at"] == suspended.json()["suspended_at"]
    assert (refused.status_code, check_problem(refused)["code"]) == (403, "workspace_suspended")
    assert resumed.json()["suspended_at"] is None
    assert owner.get("/v1/runs").status_code == 200


def test_its_queued_runs_wait_and_tell_operators_why(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    run = post_run(owner)
    suspend(client, workspace)
    others = "UPDATE runs SET status = 'cancelled', stop_reason = 'cancelled', ended_at = now() "
    others += "WHERE status = 'queued' AND id <> :id"
    with clinic.engine.begin() as connection:
        connection.execute(text(others), {"id": run["id"]})

    def claim() -> UUID | None:
        with unit_of_work(clinic.app.state.resources.engine) as work:
            worker_id = a_worker(work.session)
            found = claim_next_run(work.session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
            return None if found is None else found.id

    before = claim()
    [listed] = all_runs(client, workspace_id=workspace["id"], status="queued")
    resume(client, workspace)
    after = claim()

    assert before is None
    assert listed["waiting_for"] == "its workspace to be resumed"
    assert after == UUID(run["id"])


def test_what_waits_in_a_suspended_workspace_ends_at_once(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    run = post_run(owner)
    answers: list[httpx.Response] = []

    def wait() -> None:
        answers.append(owner.get(run["links"]["self"], params={"until": "ended", "wait_s": 60}))

    thread = threading.Thread(target=wait)
    thread.start()
    hub = clinic.app.state.resources.event_hub
    while not hub.has_followers:
        thread.join(0.01)
    suspend(client, workspace)
    suspended_at = time.monotonic()
    thread.join(20)
    waited_s = time.monotonic() - suspended_at

    assert check_problem(answers[0])["code"] == "workspace_suspended"
    assert waited_s < 1


def test_the_operator_s_own_workspace_cannot_be_suspended(client: httpx.Client) -> None:
    own = client.get("/v1/workspaces").json()["items"][0]

    answer = suspend(client, own)

    assert answer.status_code == 409
    assert client.get("/v1/runs").status_code == 200


def test_a_suspension_is_audited(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    suspend(client, workspace)
    resume(client, workspace)

    acts = [act["act"] for act in owner.get("/v1/audit").json()["items"]]

    assert acts[:2] == ["workspace_resumed", "workspace_suspended"]


def test_a_repeated_post_of_a_suspended_workspace_stores_nothing(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    suspend(client, workspace)

    answer = owner.post("/v1/runs", json=spec(), headers={"Idempotency-Key": "late"})

    assert answer.status_code == 403
    assert all_runs(client, workspace_id=workspace["id"]) == []
