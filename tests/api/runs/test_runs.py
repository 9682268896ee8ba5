"""Runs over HTTP, on the real database and the real broker."""

import json
from typing import Any

import httpx
import pytest
import redis

from tests.api.conftest import Clinic, post_run, spec

RUN_FIELDS = {
    *("id", "name", "tags", "notes", "status", "stop_reason", "completed_as_asked", "error"),
    *("spec", "attempt", "parent", "created_at", "started_at", "ended_at", "progress", "metrics"),
    *("best", "baseline", "skill", "device", "diagnosis", "links", "waiting_for"),
}


def test_a_submitted_run_is_queued_with_its_completed_spec(client: httpx.Client) -> None:
    answer = client.post("/v1/runs", json=spec(name="first", tags=["a"]))

    run = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/runs/{run['id']}"
    assert set(run) >= RUN_FIELDS
    assert (run["status"], run["name"], run["tags"]) == ("queued", "first", ["a"])
    assert run["spec"]["optimizer"]["learning_rate"] == 0.001
    assert run["progress"] == {
        "step": 0,
        "num_steps": 3,
        "steps_per_second": None,
        "eta_s": None,
    }
    assert run["diagnosis"] == {"verdict": None, "codes": [], "final": False, "summary": None}
    assert client.get(answer.headers["Location"]).json() == run


def test_a_submitted_run_notifies_the_workers(clinic: Clinic, client: httpx.Client) -> None:
    with redis.Redis.from_url(clinic.settings.broker_url) as broker:
        broker.flushall()

        run = post_run(client)

        message = json.loads(broker.lindex("celery", 0) or b"{}")
    assert message["headers"]["task"] == "runs.execute"
    assert run["id"] in message["headers"]["argsrepr"]


def test_a_queued_run_says_what_it_waits_for(client: httpx.Client, no_worker: None) -> None:
    assert post_run(client)["waiting_for"] == "a worker"


def test_a_dry_run_stores_nothing_and_tells_the_cost(client: httpx.Client) -> None:
    before = len(client.get("/v1/runs?limit=200").json()["items"])

    wanted = spec(model={"kind": "gru", "hidden_size": 4, "dropout": 0.5})
    answer = client.post("/v1/runs?dry_run=true", json=wanted)

    cost = answer.json()
    assert answer.status_code == 200
    assert cost["spec"]["model"]["hidden_size"] == 4
    assert cost["estimate"]["parameters"] == 3 * 4 * (2 + 4 + 2) + 5
    assert all(cost["estimate"][part] > 0 for part in ("memory_bytes", "seconds", "rows"))
    assert "one layer" in cost["warnings"][0]
    assert len(client.get("/v1/runs?limit=200").json()["items"]) == before


def test_a_run_that_no_machine_can_hold_is_refused_with_its_figures(client: httpx.Client) -> None:
    wanted = spec(
        model={"kind": "lstm", "hidden_size": 8192, "num_layers": 64},
        dataset={"kind": "adding", "length": 20_000},
        training={"batch_size": 65_536},
    )

    answer = client.post("/v1/runs", json=wanted)

    error = answer.json()["errors"][0]
    assert answer.status_code == 422
    assert (error["code"], error["pointer"]) == ("run_too_large", "/model/hidden_size")


def test_pages_reach_every_run_once_newest_first(client: httpx.Client) -> None:
    mine = [post_run(client, tags=["paged"])["id"] for _ in range(5)]

    found: list[str] = []
    url = "/v1/runs?tag=paged&limit=2"
    while url:
        page = client.get(url).json()
        found += [run["id"] for run in page["items"]]
        url = page["next"]

    assert found == mine[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "status=queued&tag=filtered",
        "status=running&status=queued&tag=filtered",
        "model=lstm&tag=filtered",
        "dataset=copy_memory&tag=filtered",
        "q=A%20NEEDLE",
        "created_after=2020-01-01T00:00:00Z&tag=filtered",
    ],
)
def test_a_filter_keeps_what_fits(client: httpx.Client, query: str) -> None:
    run = post_run(
        client,
        name="hay, a needle, hay",
        tags=["filtered"],
        model={"kind": "lstm", "hidden_size": 4},
        dataset={"kind": "copy_memory", "length": 5},
    )

    items = client.get(f"/v1/runs?{query}").json()["items"]

    assert run["id"] in {item["id"] for item in items}
    assert all(item["name"] == run["name"] for item in items)


@pytest.mark.parametrize(
    "query",
    [
        "status=failed&tag=filtered",
        "verdict=sick&tag=filtered",
        "finding=vanishing_gradient&tag=filtered",
        "stop_reason=diverged&tag=filtered",
        "ended_after=2020-01-01T00:00:00Z&tag=filtered",
        "created_after=2999-01-01T00:00:00Z",
        "parent_id=00000000-0000-0000-0000-000000000000",
        "q=%25",
    ],
)
def test_a_filter_leaves_out_what_does_not_fit(client: httpx.Client, query: str) -> None:
    post_run(client, tags=["filtered"])

    assert client.get(f"/v1/runs?{query}").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "query/limit"),
        ("limit=201", "query/limit"),
        ("limit=99999999999999999999", "query/limit"),
        ("cursor=nonsense", "query/cursor"),
        ("cursor=WyIyMDI2Il0=", "query/cursor"),
        ("status=sleeping", "query/status/0"),
        ("stauts=queued", "query/stauts"),
        ("q=%00", "query/q"),
        ("created_after=yesterday", "query/created_after"),
        ("created_after=2020-01-01T00:00:00", "query/created_after"),
        ("parent_id=7", "query/parent_id"),
    ],
)
def test_a_wrong_query_names_its_place(client: httpx.Client, query: str, pointer: str) -> None:
    answer = client.get(f"/v1/runs?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_labels_change_and_the_spec_stays(client: httpx.Client) -> None:
    run = post_run(client, name="old", notes="keep", tags=["x"])
    url = run["links"]["self"]

    merge_patch = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch(url, content='{"name": "new", "tags": null}', headers=merge_patch)

    changed = answer.json()
    assert answer.status_code == 200
    assert (changed["name"], changed["tags"], changed["notes"]) == ("new", [], "keep")
    assert changed["spec"] == run["spec"]
    assert client.get(url).json() == changed


def test_a_label_that_is_none_is_refused(client: httpx.Client) -> None:
    url = post_run(client)["links"]["self"]

    answer = client.patch(url, json={"status": "succeeded"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/status"


def test_a_queued_run_is_cancelled_at_once_and_only_once(client: httpx.Client) -> None:
    links = post_run(client)["links"]

    first, second = client.post(links["cancel"]), client.post(links["cancel"])

    ended = first.json()
    assert (first.status_code, second.status_code) == (202, 409)
    assert (ended["status"], ended["stop_reason"]) == ("cancelled", "cancelled")
    assert ended["completed_as_asked"] is False
    assert second.json()["code"] == "illegal_transition"


def test_a_deleted_run_is_gone(client: httpx.Client) -> None:
    url = post_run(client)["links"]["self"]

    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.delete(url).status_code == 404


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    url = post_run(client)["links"]["self"]
    etag = client.get(url).headers["ETag"]

    unchanged = client.get(url, headers={"If-None-Match": f'"other", W/{etag}'})
    client.patch(url, json={"notes": "changed"})
    changed = client.get(url, headers={"If-None-Match": etag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == etag
    assert changed.status_code == 200


def check_problem(answer: httpx.Response) -> dict[str, Any]:
    """Every refusal has this form."""
    problem: dict[str, Any] = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem


def test_an_unknown_run_is_a_problem(client: httpx.Client) -> None:
    problem = check_problem(client.get("/v1/runs/00000000-0000-0000-0000-000000000000"))

    assert problem["code"] == "not_found"
    assert problem["instance"] == "/v1/runs/00000000-0000-0000-0000-000000000000"


def test_runs_come_in_the_order_that_is_asked_for(client: httpx.Client) -> None:
    made = [post_run(client, tags=["sorted", "both"])["id"] for _ in range(3)]
    post_run(client, tags=["sorted"])

    first = client.get("/v1/runs?tag=sorted&tag=both&sort=created_at&limit=2").json()
    second = client.get(first["next"]).json()

    assert [run["id"] for run in (*first["items"], *second["items"])] == made
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "sort=loudness",
        "sort=metric:validation",
        "sort=metric:validation.mse;drop",
        "metric=mse<1",
        "metric=validation.mse<",
        "metric=validation.mse<nan",
        "sort=duration&cursor=WyIyMDI2",
    ],
)
def test_an_order_or_a_bound_that_means_nothing_is_refused(
    client: httpx.Client, query: str
) -> None:
    assert client.get(f"/v1/runs?{query}").status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_a_bound_of_a_score_finds_no_run_that_was_not_scored(client: httpx.Client) -> None:
    post_run(client, tags=["bound"])

    found = client.get("/v1/runs", params={"tag": "bound", "metric": "validation.mse>=0"}).json()

    assert found["items"] == []
