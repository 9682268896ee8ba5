"""Preflights and comparisons are listed, cancelled and counted."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.domain.runs import StopReason
from tests.api.conftest import Clinic, post_run, spec
from tests.api.preflights.test_preflight import ask, end, take
from tests.api.runs.test_runs import check_problem

ARMS = {"spec": spec(), "patches": [{"model": {"kind": "gru", "hidden_size": 4}}]}


@pytest.fixture
def workspace(client: httpx.Client) -> dict[str, Any]:
    """A workspace of this test's own, whose preflights are few."""
    order = {"name": "braked", "quotas": {"max_preflights": 3}}
    made: dict[str, Any] = client.post("/v1/workspaces", json=order).json()
    return made


@pytest.fixture
def owner(clinic: Clinic, workspace: dict[str, Any]) -> Iterator[httpx.Client]:
    with clinic.client(workspace["admin_key"]["key"]) as made:
        yield made
        for one in made.get("/v1/preflights?status=queued&limit=200").json()["items"]:
            made.delete(one["links"]["self"])


def compare(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/preflight/compare?wait_s=0", json=ARMS)


def test_preflights_are_listed_newest_first_in_pages(owner: httpx.Client) -> None:
    ids = [ask(owner, mini_steps=steps).json()["id"] for steps in (1, 2, 3)]
    post_run(owner)

    first = owner.get("/v1/preflights", params={"limit": 2}).json()
    second = owner.get(first["next"]).json()

    items = [*first["items"], *second["items"]]
    assert [one["id"] for one in items] == ids[::-1]
    assert [one["mini_steps"] for one in items] == [3, 2, 1]
    assert second["next"] is None
    assert {"gradient_flow", "predicted"} & items[0].keys() == set()
    assert items[0]["links"]["comparison"] is None


def test_a_list_has_the_statuses_that_are_asked_for(owner: httpx.Client) -> None:
    ids = [ask(owner).json()["id"] for _ in range(2)]
    owner.delete(f"/v1/preflights/{ids[0]}")

    cancelled = owner.get("/v1/preflights?status=cancelled").json()["items"]
    both = owner.get("/v1/preflights?status=cancelled&status=queued").json()["items"]
    refused = owner.get("/v1/preflights?status=lost")

    assert [one["id"] for one in cancelled] == [ids[0]]
    assert [one["id"] for one in both] == ids[::-1]
    assert refused.status_code == 422


def test_a_queued_preflight_is_cancelled_at_once_and_can_still_be_read(
    owner: httpx.Client,
) -> None:
    path = ask(owner).headers["Location"]

    answer = owner.delete(path)
    again = owner.delete(path)

    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert owner.get(path).json()["stop_reason"] == "cancelled"
    assert (again.status_code, check_problem(again)["code"]) == (409, "illegal_transition")


def test_a_running_preflight_is_asked_to_stop(clinic: Clinic, owner: httpx.Client) -> None:
    preflight = ask(owner).json()
    run = take(clinic, preflight["id"])

    answer = owner.delete(preflight["links"]["self"])
    end(clinic, run, StopReason.CANCELLED)

    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.json()["cancel_requested_at"] is not None
    assert owner.get(preflight["links"]["self"]).json()["status"] == "cancelled"


def test_only_its_workspace_lists_or_cancels_a_preflight(
    clinic: Clinic, owner: httpx.Client
) -> None:
    preflight, run = ask(owner).json(), post_run(owner)

    with clinic.client(clinic.other_key) as other:
        listed = other.get("/v1/preflights?limit=200").json()["items"]
        refused = other.delete(preflight["links"]["self"])

    assert preflight["id"] not in {one["id"] for one in listed}
    assert refused.status_code == 404
    assert owner.delete(f"/v1/preflights/{run['id']}").status_code == 404


def test_a_comparison_is_listed_and_cancelled_by_one_link(owner: httpx.Client) -> None:
    answer = compare(owner)
    listed = owner.get("/v1/preflights").json()["items"]

    cancelled = owner.delete(listed[0]["links"]["comparison"])
    again = owner.delete(listed[0]["links"]["comparison"])

    assert {one["links"]["comparison"] for one in listed} == {answer.json()["links"]["self"]}
    assert len(listed) == 2
    assert (cancelled.status_code, cancelled.json()["is_done"]) == (202, True)
    statuses = [arm["preflight"]["status"] for arm in cancelled.json()["arms"]]
    assert statuses == ["cancelled", "cancelled"]
    assert again.status_code == 409


def test_arms_that_have_ended_keep_no_comparison_from_being_cancelled(
    owner: httpx.Client,
) -> None:
    comparison = compare(owner).json()
    owner.delete(comparison["arms"][0]["preflight"]["links"]["self"])

    answer = owner.delete(comparison["links"]["self"])

    assert (answer.status_code, answer.json()["is_done"]) == (202, True)


def test_preflights_and_arms_count_against_a_quota(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    first = ask(owner)
    compare(owner)

    refused = ask(owner)
    compared = compare(owner)
    account = owner.get(f"/v1/workspaces/{workspace['id']}").json()
    owner.delete(first.headers["Location"])
    admitted = ask(owner)

    assert (refused.status_code, compared.status_code) == (429, 429)
    assert check_problem(refused)["code"] == "quota_reached"
    assert refused.headers["RateLimit-Policy"] == '"preflights";q=3'
    assert int(refused.headers["Retry-After"]) > 0
    assert (account["quotas"]["max_preflights"], account["usage"]["preflights"]) == (3, 3)
    assert admitted.status_code == 202
    assert client.get("/v1/workspaces").status_code == 200


def test_cancelling_is_audited(owner: httpx.Client) -> None:
    preflight = ask(owner).json()
    owner.delete(preflight["links"]["self"])

    [act] = owner.get("/v1/audit?act=preflight_cancelled").json()["items"]

    assert act["subject_id"] == preflight["id"]
