"""What a workspace may have, what it has, and the refusals that come with numbers."""

import statistics
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import text

from app.domain.errors import InvalidSpec
from app.domain.specs.job import JobSpec
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork, unit_of_work
from tests.api.conftest import Clinic, post_run, spec
from tests.api.runs.test_runs import check_problem
from tests.domain.builders import task

CSV = b"value\n" + b"1.5\n" * 200


@pytest.fixture
def workspace(clinic: Clinic, client: httpx.Client) -> Iterator[dict[str, Any]]:
    """One of this test's own."""
    made = client.post("/v1/workspaces", json={"name": "limited"}).json()
    yield made
    with clinic.client(made["admin_key"]["key"]) as owner:
        for run in owner.get("/v1/runs?status=queued&limit=200").json()["items"]:
            owner.delete(run["links"]["self"])
    client.delete(f"/v1/workspaces/{made['id']}")


@pytest.fixture
def owner(clinic: Clinic, workspace: dict[str, Any]) -> Iterator[httpx.Client]:
    with clinic.client(workspace["admin_key"]["key"]) as made:
        yield made


def limit(client: httpx.Client, workspace: dict[str, Any], **quotas: int | None) -> dict[str, Any]:
    answer = client.patch(f"/v1/workspaces/{workspace['id']}", json={"quotas": quotas})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_workspace_shows_its_quotas_and_what_it_has_taken(
    owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    path = f"/v1/workspaces/{workspace['id']}"
    before = owner.get(path).json()
    post_run(owner)
    owner.post("/v1/datasets?name=d&kind=csv", content=CSV)

    after = owner.get(path).json()

    assert before["quotas"]["max_queued_runs"] == 1000
    assert before["usage"] == dict.fromkeys(before["usage"], 0)
    assert after["usage"]["queued_runs"] == 1
    assert after["usage"]["rows"] > 0
    assert after["usage"]["storage_bytes"] == len(CSV)


def test_a_quota_of_its_own_is_set_and_given_up(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    limited = limit(client, workspace, max_running_runs=2, max_rows=5)
    usual = limit(client, workspace, max_rows=None)
    refused = owner.patch(f"/v1/workspaces/{workspace['id']}", json={"quotas": {"max_rows": 9}})
    nameless = client.patch(f"/v1/workspaces/{workspace['id']}", json={"name": None})

    assert limited["own_quotas"] == ["max_running_runs", "max_rows"]
    assert (usual["quotas"]["max_running_runs"], usual["own_quotas"]) == (2, ["max_running_runs"])
    assert refused.status_code == 403
    assert nameless.status_code == 422


def test_a_workspace_is_made_with_quotas(clinic: Clinic, client: httpx.Client) -> None:
    order = {"name": "small", "quotas": {"max_queued_runs": 1}}
    made = client.post("/v1/workspaces", json=order).json()

    with clinic.client(made["admin_key"]["key"]) as owner:
        first = post_run(owner)
        second = owner.post("/v1/runs", json=spec())
        owner.delete(first["links"]["self"])
    client.delete(f"/v1/workspaces/{made['id']}")

    assert check_problem(second)["code"] == "queue_full"
    assert second.headers["RateLimit-Policy"] == '"queued-runs";q=1'


def test_another_workspace_s_account_is_not_there(
    clinic: Clinic, workspace: dict[str, Any]
) -> None:
    with clinic.client(clinic.other_key) as other:
        assert other.get(f"/v1/workspaces/{workspace['id']}").status_code == 404


def test_rows_that_do_not_fit_any_more_are_refused_with_the_numbers(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    taken = spec(training={"num_steps": 1000, "evaluate_every": 100})
    rows = owner.post("/v1/runs?dry_run=true", json=taken).json()["estimate"]["rows"]
    limit(client, workspace, max_rows=2 * rows - 1)

    first, second = (owner.post("/v1/runs", json=taken) for _ in range(2))

    assert first.status_code == 201
    assert second.status_code == 429
    assert check_problem(second)["code"] == "quota_reached"
    assert (
        f"{rows} of {2 * rows - 1} are used, and the request needs {rows} more"
        in second.json()["detail"]
    )
    assert second.headers["RateLimit"] == f'"rows";r={rows - 1}'
    assert int(second.headers["Retry-After"]) > 0


def test_a_run_that_no_waiting_would_make_fit_is_a_422(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    limit(client, workspace, max_rows=3)

    answer = owner.post("/v1/runs", json=spec(training={"num_steps": 100_000}))

    assert answer.status_code == 422
    [problem] = check_problem(answer)["errors"]
    assert (problem["pointer"], problem["code"]) == ("/training/num_steps", "run_too_large")
    assert "is 3" in problem["detail"]


def test_an_upload_beyond_the_storage_is_refused(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    limit(client, workspace, max_storage_bytes=len(CSV) + 10)

    first, second = (owner.post("/v1/datasets?name=d&kind=csv", content=CSV) for _ in range(2))
    fits = owner.post("/v1/runs", json=spec())

    assert first.status_code == 201
    assert check_problem(second)["code"] == "quota_reached"
    assert second.headers["RateLimit"] == '"storage-bytes";r=10'
    assert fits.status_code == 201


def test_a_resumed_run_takes_no_more_rows_than_it_will_have(
    clinic: Clinic, client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    run = post_run(owner, training={"num_steps": 1000, "evaluate_every": 100})
    path = f"/v1/workspaces/{workspace['id']}"
    rows = owner.get(path).json()["usage"]["rows"]
    facts = task().model_copy(update={"length": 10})
    ended = """
        UPDATE runs SET status = 'cancelled', stop_reason = 'cancelled', ended_at = now(),
            next_seq = :rows, task = CAST(:task AS jsonb) WHERE id = :id
    """
    with clinic.engine.begin() as connection:
        values = {"rows": rows, "id": run["id"], "task": facts.model_dump_json()}
        connection.execute(text(ended), values)
    limit(client, workspace, max_rows=2 * rows - 1)

    resumed = owner.post(f"{run['links']['self']}/resume", json={})

    assert resumed.status_code == 202, resumed.text
    assert owner.get(path).json()["usage"]["rows"] == rows


def test_runs_that_are_cancelled_or_deleted_at_once_count_too(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    quotas = limit(client, workspace, max_queued_runs=2)["quotas"]
    answers = []
    for number in range(100):
        answers.append(owner.post("/v1/runs", json=spec()))
        if answers[-1].status_code != 201:
            break
        path = answers[-1].json()["links"]["self"]
        owner.delete(path) if number % 2 else owner.post(f"{path}/cancel")
    refused = answers[-1]

    assert quotas["max_runs_per_hour"] == 60
    assert 60 <= len(answers) - 1 < 65
    assert (refused.status_code, check_problem(refused)["code"]) == (429, "too_many_runs")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"] == '"runs-per-hour";q=60;w=3600'
    assert refused.headers["RateLimit"].startswith('"runs-per-hour";r=0;t=')


def test_resumptions_forks_and_preflights_count_as_runs(
    client: httpx.Client, owner: httpx.Client, workspace: dict[str, Any]
) -> None:
    limit(client, workspace, max_runs_per_hour=5)
    run = post_run(owner)
    path = run["links"]["self"]
    owner.post(f"{path}/cancel")
    accepted = [
        owner.post(f"{path}/resume", json={}),
        owner.post(f"{path}/fork", json={"from_step": 0}),
        owner.post("/v1/preflight?wait_s=0", json=spec()),
    ]
    arms = {"spec": spec(), "patches": [{"model": {"kind": "gru"}}]}
    compared = owner.post("/v1/preflight/compare?wait_s=0", json=arms)
    last = owner.post("/v1/runs", json=spec())
    refused = owner.post("/v1/runs", json=spec())

    assert [answer.status_code for answer in accepted] == [202, 201, 202]
    assert (compared.status_code, last.status_code, refused.status_code) == (429, 201, 429)


HOSTILE: list[dict[str, Any]] = [
    {"model": {"kind": "gru", "hidden_size": 10**9}},
    {"model": {"kind": "gru", "num_layers": 10**6}},
    {"model": {"kind": "lstm", "hidden_size": 8192, "num_layers": 64, "bidirectional": True}},
    {"dataset": {"kind": "adding", "length": 10**9}},
    {"training": {"batch_size": 10**9}},
    {"training": {"num_steps": 10**12}},
    {"training": {"num_steps": 10**8}, "model": {"kind": "gru", "hidden_size": 4096}},
]


@pytest.mark.parametrize("parts", HOSTILE, ids=str)
def test_a_hostile_spec_is_refused_with_the_numbers(
    client: httpx.Client, parts: dict[str, Any]
) -> None:
    answer = client.post("/v1/runs", json=spec(**parts))

    problem = check_problem(answer)
    assert answer.status_code == 422
    assert any(character.isdigit() for character in problem["errors"][0]["detail"])


@pytest.mark.parametrize("parts", HOSTILE, ids=str)
def test_to_refuse_a_hostile_spec_costs_nothing(clinic: Clinic, parts: dict[str, Any]) -> None:
    body = spec(**parts)

    def refuse(work: UnitOfWork) -> float:
        started_at = time.process_time()
        with pytest.raises((ValidationError, InvalidSpec)):
            estimate_run(work, workspace_id=clinic_id, spec=JobSpec.model_validate(body))
        return time.process_time() - started_at

    clinic_id = uuid4()
    with unit_of_work(clinic.engine) as work:
        seconds = statistics.median(refuse(work) for _ in range(21))
        tracemalloc.start()
        refuse(work)
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert seconds < 0.010
    assert most_bytes < 2**20
