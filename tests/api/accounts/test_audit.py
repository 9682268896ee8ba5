"""Every act that changes something is recorded with its actor, for the admins who may see it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Clinic, post_run, spec

CSV = b"value\n" + b"1.5\n" * 20


@pytest.fixture
def workspace(clinic: Clinic, client: httpx.Client) -> dict[str, Any]:
    """One of this test's own."""
    made: dict[str, Any] = client.post("/v1/workspaces", json={"name": "audited"}).json()
    return made


@pytest.fixture
def owner(clinic: Clinic, workspace: dict[str, Any]) -> Iterator[httpx.Client]:
    with clinic.client(workspace["admin_key"]["key"]) as made:
        yield made


def acts(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    """Oldest first."""
    answer = client.get("/v1/audit", params={"limit": "200", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items[::-1]


def test_every_act_in_the_life_of_a_run_is_recorded(owner: httpx.Client) -> None:
    run = post_run(owner)
    owner.patch(f"/v1/runs/{run['id']}", json={"name": "renamed"})
    owner.post(f"/v1/runs/{run['id']}/cancel")
    owner.post(f"/v1/runs/{run['id']}/resume")
    fork = owner.post(f"/v1/runs/{run['id']}/fork", json={"from_step": 0}).json()
    owner.delete(f"/v1/runs/{run['id']}")

    found = acts(owner)

    assert [(act["act"], act["subject_id"]) for act in found[2:]] == [
        ("run_submitted", run["id"]),
        ("run_relabelled", run["id"]),
        ("run_cancelled", run["id"]),
        ("run_resumed", run["id"]),
        ("run_forked", fork["id"]),
        ("run_deleted", run["id"]),
    ]


def test_every_other_act_is_recorded(client: httpx.Client, owner: httpx.Client) -> None:
    owner.post("/v1/preflight", json=spec(), params={"wait_s": 0})
    arms = {"spec": spec(), "patches": [{"model": {"kind": "gru"}}]}
    owner.post("/v1/preflight/compare", json=arms, params={"wait_s": 0})
    data = owner.post("/v1/datasets?name=d&kind=csv", content=CSV).json()
    owner.delete(f"/v1/datasets/{data['id']}")
    key = owner.post("/v1/api-keys", json={"name": "k", "scopes": ["runs:read"]}).json()
    owner.delete(f"/v1/api-keys/{key['id']}")
    workspace_id = owner.get("/v1/workspaces").json()["items"][0]["id"]
    client.patch(f"/v1/workspaces/{workspace_id}", json={"quotas": {"max_rows": 7}})

    found = acts(owner)

    assert [act["act"] for act in found] == [
        "workspace_created",
        "key_created",
        *["preflight_submitted"] * 3,
        "dataset_uploaded",
        "dataset_deleted",
        "key_created",
        "key_revoked",
        "workspace_changed",
    ]
    assert found[7]["detail"] == {"name": "k", "scopes": ["runs:read"]}
    assert found[9]["detail"] == {"max_rows": 7}


def test_an_act_names_who_did_it_with_which_key_and_from_where(
    owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    key_id = workspace["admin_key"]["id"]
    run = owner.post("/v1/runs", json=spec(), headers={"X-Request-ID": "of-this-post"}).json()

    [act] = acts(owner, act="run_submitted")

    expected = {
        "workspace_id": workspace["id"],
        "principal": f"key:{key_id}",
        "key_id": key_id,
        "address": "127.0.0.1",
        "request_id": "of-this-post",
        "subject_id": run["id"],
        "detail": {},
    }
    assert {name: act[name] for name in expected} == expected


def test_what_is_refused_or_only_read_is_not_recorded(owner: httpx.Client) -> None:
    before = acts(owner)
    owner.get("/v1/runs")
    owner.post("/v1/runs", json=spec(), params={"dry_run": True})
    owner.post("/v1/runs", json={"model": {"kind": "none"}})
    owner.delete(f"/v1/runs/{uuid4()}")
    owner.delete(f"/v1/api-keys/{uuid4()}")

    assert acts(owner) == before


def test_a_repeated_request_is_recorded_once(owner: httpx.Client) -> None:
    for _ in range(2):
        owner.post("/v1/runs", json=spec(), headers={"Idempotency-Key": "twice"})

    assert len(acts(owner, act="run_submitted")) == 1


def test_operators_see_all_workspaces_and_others_their_own(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    first_id = client.get("/v1/workspaces").json()["items"][0]["id"]
    post_run(client)

    own = {act["workspace_id"] for act in acts(owner)}
    of_all = {act["workspace_id"] for act in acts(client)}
    named = {act["workspace_id"] for act in acts(client, workspace_id=workspace["id"])}
    of_another = owner.get("/v1/audit", params={"workspace_id": first_id})

    assert own == named == {workspace["id"]}
    assert {workspace["id"], first_id} <= of_all
    assert of_another.status_code == 404


def test_acts_are_kept_when_their_workspace_is_deleted(
    client: httpx.Client, workspace: dict[str, Any]
) -> None:
    client.delete(f"/v1/workspaces/{workspace['id']}")

    found = acts(client, workspace_id=workspace["id"])

    assert [act["act"] for act in found] == [
        "workspace_created",
        "key_created",
        "workspace_deleted",
    ]


def test_the_log_comes_in_pages(owner: httpx.Client) -> None:
    for _ in range(3):
        post_run(owner)

    pages = [owner.get("/v1/audit?limit=2&act=run_submitted").json()]
    pages.append(owner.get(pages[0]["next"]).json())

    listed = [act["id"] for page in pages for act in page["items"]]
    assert pages[1]["next"] is None
    assert listed == [act["id"] for act in acts(owner, act="run_submitted")[::-1]]
