"""Trials over HTTP: start, follow, cancel; and what is refused."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.domain.runs import Run, StopReason
from app.queue import RunQueue
from app.services.trials.advance_trial import advance_trial
from app.store.database import unit_of_work
from tests.api.conftest import Clinic
from tests.api.measured import batch_of, finish, record, session_of, started_run
from tests.api.trials.sick_runs import CURED, SICK, scored, sick_run
from tests.store.builders import claimed


@pytest.fixture
def sick(clinic: Clinic) -> Run:
    return sick_run(clinic)


def path_of(run: Run) -> str:
    return f"/v1/runs/{run.id}/trials"


def post(client: httpx.Client, run: Run, **body: object) -> httpx.Response:
    return client.post(path_of(run), json=body)


def train(clinic: Clinic, run_id: str, mse: float) -> None:
    with session_of(clinic) as session:
        run = claimed(session, UUID(run_id))
    record(clinic, run, seq=0, batch=batch_of([1.0] * 4, readings=scored(mse)))
    finish(clinic, run)


def advance(clinic: Clinic, trial: dict[str, Any]) -> None:
    settings = clinic.settings
    with unit_of_work(clinic.engine) as work:
        advance_trial(
            work,
            trial_id=UUID(trial["id"]),
            queue=RunQueue(settings.broker_url),
            quotas=settings.quotas,
            time_limits=settings.time_limits,
        )


def test_a_trial_runs_the_first_remedies_beside_the_untreated_run(
    client: httpx.Client, sick: Run
) -> None:
    answer = post(client, sick)

    assert answer.status_code == 201
    trial = answer.json()
    assert answer.headers["Location"] == trial["links"]["self"]
    assert "RateLimit" in answer.headers
    assert (trial["status"], trial["winner"]) == ("running", None)
    assert 2 <= len(trial["remedies"]) <= 3
    assert trial["control"]["remedy"] is None
    assert trial["control"]["request"] is None
    assert trial["metric"]["name"] == "mse"
    [run] = trial["remedies"][0]["runs"]
    assert (run["status"], run["seed"]) == ("queued", trial["seeds"][0])
    child = client.get(f"/v1/runs/{run['run_id']}").json()
    assert child["lineage"] == {
        "parent": str(sick.id),
        "purpose": "remedy",
        "remedy": trial["remedies"][0]["remedy"],
    }
    assert child["parent"] == {"run_id": str(sick.id), "step": None}


def test_a_trial_tells_live_what_its_runs_reach_and_which_remedy_wins(
    clinic: Clinic, client: httpx.Client, sick: Run
) -> None:
    trial = post(client, sick).json()
    path = trial["links"]["self"]
    cured = trial["remedies"][1]["remedy"]
    train(clinic, trial["control"]["runs"][0]["run_id"], SICK)
    for arm in trial["remedies"]:
        train(clinic, arm["runs"][0]["run_id"], CURED if arm["remedy"] == cured else SICK)

    advance(clinic, trial)

    now = client.get(path).json()
    first, second = now["remedies"][1]["runs"]
    assert first["status"] == "succeeded"
    assert first["progress"]["test"] == pytest.approx(1 - 6 * CURED)
    assert second["status"] == "queued"
    train(clinic, second["run_id"], CURED)
    advance(clinic, trial)
    over = client.get(path).json()
    assert (over["status"], over["end_reason"], over["winner"]) == ("ended", "decided", cured)
    arm = over["remedies"][1]
    assert arm["verdict"] == "cured"
    assert arm["difference"]["num_pairs"] == 2
    low, high = arm["difference"]["interval"]
    assert low <= arm["difference"]["mean"] <= high
    assert over["remedies"][0]["verdict"] == "unchanged"
    request = arm["request"]
    assert client.post(request["href"], json=request["body"]).status_code == 201


def test_a_repeated_request_starts_one_trial(client: httpx.Client, sick: Run) -> None:
    headers = {"Idempotency-Key": str(uuid4())}

    first, again = (client.post(path_of(sick), json={}, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    assert len(client.get(path_of(sick)).json()["items"]) == 1


def test_a_second_trial_waits_for_the_first(client: httpx.Client, sick: Run) -> None:
    post(client, sick)

    answer = post(client, sick)

    assert (answer.status_code, answer.json()["code"]) == (409, "trial_in_progress")


def test_a_cancelled_trial_can_be_followed_by_another(client: httpx.Client, sick: Run) -> None:
    trial = post(client, sick).json()

    answer = client.post(trial["links"]["cancel"])

    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    run_id = trial["control"]["runs"][0]["run_id"]
    assert client.get(f"/v1/runs/{run_id}").json()["status"] == "cancelled"
    assert client.post(trial["links"]["cancel"]).status_code == 409
    assert post(client, sick).status_code == 201
    assert len(client.get(path_of(sick), params={"limit": 1}).json()["items"]) == 1
    # each trial is read with up to 81 runs, so that a page of them is short
    assert client.get(path_of(sick), params={"limit": 21}).status_code == 422


def test_an_unknown_remedy_is_refused_with_those_that_are_advised(
    client: httpx.Client, sick: Run
) -> None:
    answer = post(client, sick, remedies=["pray"])

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/remedies/0", "remedy_not_advised")


@pytest.mark.parametrize(
    "body",
    [
        {"remedies": []},
        {"remedies": ["x"] * 9},
        {"num_seeds": 0},
        {"num_seeds": 10},
        {"budget": 0},
        {"unknown": 1},
    ],
)
def test_a_malformed_request_is_refused(
    client: httpx.Client, sick: Run, body: dict[str, object]
) -> None:
    assert post(client, sick, **body).status_code == 422


def test_a_healthy_run_has_nothing_to_try(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    finish(clinic, run, StopReason.CANCELLED)

    answer = post(client, run)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_try")


def test_another_workspace_sees_no_trial(clinic: Clinic, client: httpx.Client, sick: Run) -> None:
    trial = post(client, sick).json()

    with clinic.client(clinic.other_key) as other:
        assert other.get(path_of(sick)).status_code == 404
        assert other.get(trial["links"]["self"]).status_code == 404
        assert other.post(trial["links"]["cancel"]).status_code == 404
        assert post(other, sick).status_code == 404


def test_a_key_that_can_only_read_starts_no_trial(clinic: Clinic, sick: Run) -> None:
    with clinic.client(clinic.new_key("runs:read")) as reader:
        assert post(reader, sick).status_code == 403
        assert reader.get(path_of(sick)).json() == {"items": [], "next": None}


def test_an_unchanged_trial_is_not_sent_again(client: httpx.Client, sick: Run) -> None:
    trial = post(client, sick).json()
    seen = client.get(trial["links"]["self"])

    again = client.get(trial["links"]["self"], headers={"If-None-Match": seen.headers["ETag"]})

    assert again.status_code == 304
