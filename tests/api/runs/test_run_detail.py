"""A run or a list with chosen fields, and one run with what its page shows."""

from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, record, started_run
from tests.api.runs.test_runs import check_problem

PARTS = ("diagnosis", "lineage", "events", "artifacts", "history", "gradient_flow")


def test_a_list_answers_the_fields_that_are_asked_for(client: httpx.Client) -> None:
    run = post_run(client, name="slim", tags=["slim"])

    repeated = client.get("/v1/runs?tag=slim&fields=name&fields=status").json()
    separated = client.get("/v1/runs?tag=slim&fields=name,status").json()

    assert repeated == {
        "items": [{"id": run["id"], "name": "slim", "status": "queued"}],
        "next": None,
    }
    assert separated == repeated


def test_one_run_answers_the_fields_that_are_asked_for(client: httpx.Client) -> None:
    run = post_run(client, name="slim")

    answer = client.get(f"/v1/runs/{run['id']}?fields=progress")

    assert answer.json() == {"id": run["id"], "progress": run["progress"]}


@pytest.mark.parametrize("query", ["fields=nothing", "fields=", "include=everything", "include="])
def test_what_a_run_does_not_have_is_refused(client: httpx.Client, query: str) -> None:
    run = post_run(client)

    for path in ("/v1/runs", f"/v1/runs/{run['id']}"):
        answer = client.get(f"{path}?{query}")
        assert check_problem(answer)["status"] == 422


def test_a_run_is_answered_with_its_parts(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([2.0, 1.0, 0.5]))
    path = f"/v1/runs/{run.id}"

    included = client.get(f"{path}?include={','.join(PARTS)}").json()["included"]

    for part in ("history", "diagnosis", "gradient_flow"):
        alone = client.get(f"{path}/{part.replace('_', '-')}").json()
        assert included[part] == alone
    assert included["artifacts"] == client.get(f"{path}/artifacts").json()["items"]
    assert included["events"] == client.get(f"{path}/events").json()["items"]
    assert included["lineage"] == {"ancestors": [], "children": []}


def test_a_run_has_only_the_parts_that_are_asked_for(client: httpx.Client) -> None:
    path = f"/v1/runs/{post_run(client)['id']}"

    assert "included" not in client.get(path).json()
    included = client.get(f"{path}?include=events").json()["included"]
    assert {part for part, value in included.items() if value is not None} == {"events"}


def test_the_part_of_a_run_without_a_step_is_empty(client: httpx.Client) -> None:
    path = f"/v1/runs/{post_run(client)['id']}"

    run = client.get(f"{path}?include=history,sparklines,verdict").json()

    assert run["sparklines"] == {"loss": None, "grad_norm": None}
    assert run["diagnosis"]["summary"] is None


def test_a_run_knows_its_ancestors_and_children(client: httpx.Client) -> None:
    first = post_run(client, name="first")
    second = post_run(client, name="second", parent_id=first["id"])
    third = post_run(client, name="third", parent_id=second["id"])

    def lineage(run: dict[str, object]) -> dict[str, list[str]]:
        answer = client.get(f"/v1/runs/{run['id']}?include=lineage").json()
        found = answer["included"]["lineage"]
        return {kind: [one["name"] for one in runs] for kind, runs in found.items()}

    assert lineage(first) == {"ancestors": [], "children": ["second"]}
    assert lineage(third) == {"ancestors": ["second", "first"], "children": []}
    assert third["parent"] == {"run_id": second["id"], "step": None}


def test_a_parent_must_be_a_run_of_the_workspace(clinic: Clinic, client: httpx.Client) -> None:
    with clinic.client(clinic.other_key) as other:
        foreign = post_run(other)["id"]
    spec = {"model": {"kind": "gru"}, "dataset": {"kind": "adding", "length": 10}}

    for parent in (foreign, str(UUID(int=1))):
        for query in ("", "?dry_run=true"):
            answer = client.post(f"/v1/runs{query}", json={**spec, "parent_id": parent})
            assert check_problem(answer)["errors"][0]["code"] == "parent_not_found"


def lineage_of(parent: object, /, **changes: object) -> dict[str, object]:
    return {"parent": parent, "purpose": "remedy", "remedy": "clip_norm"} | changes


def test_a_run_shows_which_run_led_to_it_and_what_for(client: httpx.Client) -> None:
    parent = post_run(client)
    descent = lineage_of(parent["id"])

    run = post_run(client, lineage=descent)

    assert run["lineage"] == descent
    assert run["parent"] == {"run_id": parent["id"], "step": None}
    listed = client.get(f"/v1/runs?parent_id={parent['id']}").json()["items"]
    assert [(one["id"], one["lineage"]) for one in listed] == [(run["id"], descent)]
    assert client.get(f"/v1/runs/{run['id']}").json()["spec"]["lineage"] == descent


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"parent": str(UUID(int=1))}, "parent_not_found", "/lineage/parent"),
        ({"parent": "first"}, "uuid_parsing", "/lineage/parent"),
        ({"purpose": "fun"}, "enum", "/lineage/purpose"),
        ({"remedy": "prayer"}, "remedy_unknown", "/lineage/remedy"),
        ({"remedy": None}, "remedy_missing", "/lineage"),
        ({"purpose": "experiment"}, "remedy_without_purpose", "/lineage"),
    ],
)
def test_a_lineage_that_is_wrong_is_refused_where_it_is(
    client: httpx.Client, changes: dict[str, object], code: str, pointer: str
) -> None:
    spec = {"model": {"kind": "gru"}, "dataset": {"kind": "adding", "length": 10}}
    wrong = lineage_of(post_run(client)["id"], **changes)

    for query in ("", "?dry_run=true"):
        answer = client.post(f"/v1/runs{query}", json={**spec, "lineage": wrong})
        [error] = check_problem(answer)["errors"]
        assert (error["code"], error["pointer"]) == (code, pointer)


def test_a_spec_names_its_parent_once(client: httpx.Client) -> None:
    parent = post_run(client)["id"]
    spec = {"model": {"kind": "gru"}, "dataset": {"kind": "adding", "length": 10}}
    both = {**spec, "parent_id": parent, "lineage": lineage_of(parent)}

    [error] = check_problem(client.post("/v1/runs", json=both))["errors"]

    assert (error["code"], error["pointer"]) == ("parent_given_twice", "/parent_id")


def test_links_lead_only_where_the_run_can_go(clinic: Clinic, client: httpx.Client) -> None:
    queued = post_run(client)
    running = client.get(f"/v1/runs/{started_run(clinic).id}").json()
    cancelled = client.post(queued["links"]["cancel"]).json()

    offered = {"cancel", "resume", "fork", "predict"}
    assert offered & set(queued["links"]) == {"cancel"}
    assert offered & set(running["links"]) == {"cancel", "fork"}
    assert offered & set(cancelled["links"]) == {"resume"}
