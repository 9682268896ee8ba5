"""Preflights over HTTP: refused as runs are, seen by no list, told in the structures of a run."""

import threading
import time
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.runs import Run, StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ReadingBatch, ScalarReading
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.store.claims import begin, claim_next_run
from app.store.database import unit_of_work
from tests.api.conftest import Clinic, spec
from tests.api.measured import batch_of, record
from tests.api.runs.test_runs import check_problem
from tests.api.test_hostile import BODIES, JSON
from tests.domain.builders import task
from tests.store.builders import CPU, LEASE_S, TENSORS, a_profile, a_worker

LEARNED = ReadingBatch(
    readings=(
        ScalarReading(step=0, quantity="checksum_error", scope=Scope.parse("model"), value=1e-7),
        ScalarReading(step=0, quantity="sigma_max", scope=Scope.parse("layer:0"), value=1.1),
        a_profile(),
    ),
)


def ask(client: httpx.Client, **query: Any) -> httpx.Response:
    return client.post("/v1/preflight", json=spec(), params={"wait_s": 0, **query})


def take(clinic: Clinic, preflight_id: str) -> Run:
    """As a worker takes it: whatever waits before it is taken too."""
    with unit_of_work(clinic.app.state.resources.engine) as work:
        worker_id = a_worker(work.session)
        while True:
            run = claim_next_run(work.session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
            assert run is not None
            if run.id == UUID(preflight_id):
                break
        begin(
            work.session,
            run_id=run.id,
            attempt=run.attempt,
            task=task(),
            tensor_names=TENSORS,
            device="cpu",
        )
    return run


def end(clinic: Clinic, run: Run, stop_reason: StopReason, error: str | None = None) -> None:
    ending = AttemptEnd(run_id=run.id, attempt=run.attempt, stop_reason=stop_reason, error=error)
    finish_run(clinic.app.state.resources.engine, ending)


def test_one_that_is_not_done_in_time_says_where_to_look(client: httpx.Client) -> None:
    answer = ask(client, mini_steps=2)

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/preflights/{body['id']}"
    assert (body["status"], body["mini_steps"]) == ("queued", 2)
    assert body["spec"]["training"]["num_steps"] == 3
    for part in ("gradient_flow", "dynamics", "predicted", "estimate", "integrity"):
        assert body[part] is None
    assert client.get(answer.headers["Location"]).json() == body


def test_nothing_of_it_is_among_the_runs(client: httpx.Client) -> None:
    preflight_id = ask(client).json()["id"]

    for method, path in (("GET", ""), ("GET", "/history"), ("POST", "/cancel"), ("DELETE", "")):
        answer = client.request(method, f"/v1/runs/{preflight_id}{path}")
        assert answer.status_code == 404
    listed = client.get("/v1/runs", params={"limit": 200}).json()["items"]
    assert preflight_id not in {run["id"] for run in listed}


def test_when_it_has_ended_it_tells_what_a_run_would(clinic: Clinic, client: httpx.Client) -> None:
    preflight_id = ask(client, mini_steps=0).json()["id"]
    run = take(clinic, preflight_id)
    record(clinic, run, seq=0, batch=LEARNED)
    end(clinic, run, StopReason.COMPLETED)

    answer = client.get(f"/v1/preflights/{preflight_id}")

    body = answer.json()
    [layer] = body["gradient_flow"]["layers"]
    [scope] = body["dynamics"]["scopes"]
    assert (body["status"], body["stop_reason"]) == ("succeeded", "completed")
    assert (layer["scope"], layer["steps"]) == ("model", [0])
    assert (scope["scope"], scope["series"][0]["values"]) == ("layer:0", [1.1])
    assert body["predicted"]["basis"] == "step_0"
    assert body["predicted"]["verdict"] in {"at_risk", "undetermined"}
    assert [entry["passed"] for entry in body["integrity"]] == [True]
    assert body["integrity"] == body["gradient_flow"]["integrity"]
    assert body["estimate"]["parameters"] == 4 * (2 + 4 + 2) + 5
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/v1/preflights/{preflight_id}", headers=headers).status_code == 304


def test_the_answer_waits_for_its_end(clinic: Clinic, client: httpx.Client) -> None:
    answers: list[httpx.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(client, wait_s=20, mini_steps=1)))
    waiting.start()
    run = take(clinic, newest(clinic))
    record(clinic, run, seq=0, batch=batch_of([1.0], readings=(a_profile(),)))
    end(clinic, run, StopReason.COMPLETED)
    waiting.join(20)

    [answer] = answers
    assert answer.status_code == 200
    assert answer.json()["id"] == str(run.id)
    assert answer.json()["predicted"]["basis"] == "mini_steps"


def newest(clinic: Clinic) -> str:
    """The preflight that somebody is about to ask for."""
    query = "SELECT id FROM runs WHERE preflight_steps = 1 AND status = 'queued'"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with clinic.engine.connect() as connection:
            found = connection.exec_driver_sql(query).scalars().all()
        if found:
            return str(found[0])
        time.sleep(0.02)
    pytest.fail("nobody asked")


def test_one_that_fails_says_why(clinic: Clinic, client: httpx.Client) -> None:
    preflight_id = ask(client).json()["id"]
    run = take(clinic, preflight_id)
    end(clinic, run, StopReason.OUT_OF_MEMORY, "Out of memory: too much")

    body = client.get(f"/v1/preflights/{preflight_id}").json()

    assert (body["status"], body["error"]) == ("failed", "Out of memory: too much")
    assert body["predicted"] is None


def test_probes_that_are_off_are_on_in_it(client: httpx.Client) -> None:
    asked = spec(probes={"tier": "off"})

    body = client.post("/v1/preflight", json=asked, params={"wait_s": 0}).json()

    assert body["spec"]["probes"]["tier"] == "standard"


def test_sent_again_under_its_key_it_is_the_same_one(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "preflight-1"}
    url = "/v1/preflight?wait_s=0"
    first = client.post(url, json=spec(), headers=headers)

    again = client.post(url, json=spec(), headers=headers)
    other = client.post(url, json=spec(name="other"), headers=headers)

    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422


def test_another_workspace_s_preflight_is_not_there(clinic: Clinic, client: httpx.Client) -> None:
    location = ask(client).headers["Location"]

    with clinic.client(clinic.other_key) as other:
        assert other.get(location).status_code == 404


@pytest.mark.parametrize(("body", "pointer"), BODIES)
def test_a_bad_body_is_refused_as_that_of_a_run(
    client: httpx.Client, body: str, pointer: str
) -> None:
    answer = client.post("/v1/preflight?wait_s=0", content=body.encode(), headers=JSON)

    problem = check_problem(answer)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in problem["errors"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mini_steps", "-1"),
        ("mini_steps", "1001"),
        ("mini_steps", "1.5"),
        ("wait_s", "-1"),
        ("wait_s", "61"),
        ("wait_s", "nan"),
        ("wait_s", "inf"),
    ],
)
def test_a_bad_query_names_its_place(client: httpx.Client, name: str, value: str) -> None:
    answer = ask(client, **{name: value})

    problem = check_problem(answer)
    assert answer.status_code == 422
    assert problem["errors"][0]["pointer"] == f"query/{name}"


def test_data_that_cannot_serve_is_told_before_anything_is_stored(client: httpx.Client) -> None:
    text = {"kind": "text", "dataset_id": "01890000-0000-7000-8000-000000000000"}

    answer = client.post("/v1/preflight", json=spec(dataset=text))

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["code"] == "dataset_not_found"
