"""Diagnoses over HTTP: stored, or judged again; with remedies that post unchanged."""

import math

import httpx
import pytest
from sqlalchemy import update

from app.artifacts import ArtifactFolder
from app.domain.runs import StopReason
from app.store.tables import diagnoses, findings
from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, finish, path_of, record, session_of, started_run
from tests.domain.builders import job, scores
from worker.execution.saving import Checkpoints
from worker.telemetry.sending import PendingCheckpoint

FIELDS = {
    *("run_id", "attempt", "as_of_step", "final", "rules_version", "verdict", "summary"),
    *("findings", "not_assessed", "causes", "outlook", "experiment_results"),
}


def test_a_diverged_run_is_diagnosed_and_its_remedies_post_unchanged(
    clinic: Clinic, client: httpx.Client
) -> None:
    unclipped = job(
        clipping={"kind": "none"}, init={"recurrent": {"kind": "spectral_radius", "radius": 3}}
    )
    run = started_run(clinic, unclipped)
    record(clinic, run, seq=0, batch=batch_of([*[1.0] * 30, math.nan]))
    finish(clinic, run, StopReason.DIVERGED)

    diagnosis = client.get(path_of(run.id, "diagnosis")).json()

    assert set(diagnosis) == FIELDS
    assert (diagnosis["verdict"], diagnosis["final"]) == ("sick", True)
    (finding,) = [one for one in diagnosis["findings"] if one["code"] == "non_finite"]
    assert finding["remedies"]
    for remedy in finding["remedies"]:
        assert (remedy["request"]["method"], remedy["request"]["href"]) == ("POST", "/v1/runs")
        assert client.post("/v1/runs", json=remedy["request"]["body"]).status_code == 201
    records = [one["record"] for one in finding["remedies"] if one["record"]]
    assert records
    assert all(0 <= one["lower_bound"] <= one["cured"] / one["tried"] for one in records)


def test_every_remedy_posts_also_as_a_fork_from_the_best_step_where_it_is_saved(
    clinic: Clinic, client: httpx.Client
) -> None:
    """The run learns first, and then its numbers stop being finite."""
    run = started_run(clinic, job(clipping={"kind": "none"}))
    half = [*[1.0] * 15, math.nan]
    record(clinic, run, seq=0, batch=batch_of([1.0] * 15, readings=scores({0: 0.17, 10: 0.05})))
    Checkpoints(
        engine=clinic.app.state.resources.engine,
        artifacts=ArtifactFolder(root=clinic.settings.artifact_root),
        run_id=run.id,
        attempt=run.attempt,
    ).save(PendingCheckpoint(step=10, content=b"best", for_resume=False))
    record(clinic, run, seq=1, batch=batch_of(half, first_step=15))
    finish(clinic, run, StopReason.DIVERGED)

    diagnosis = client.get(path_of(run.id, "diagnosis")).json()

    remedies = [one for finding in diagnosis["findings"] for one in finding["remedies"]]
    forks = [remedy["fork"] for remedy in remedies if remedy["fork"]]
    assert forks
    for request in [*forks, *(remedy["request"] for remedy in remedies)]:
        answer = client.post(request["href"], json=request["body"])
        assert answer.status_code == 201, answer.text
    assert all(fork["body"]["from_step"] == "best" for fork in forks)
    assert "Try it from the best step" in client.get(f"/runs/{run.id}").text
    changes_the_network = [one for one in remedies if {"model", "init"} & set(one["patch"])]
    assert all(remedy["fork"] is None for remedy in changes_the_network)


def test_a_cause_has_a_probability_and_what_would_tell_posts_unchanged(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([*[1.0] * 30, math.nan]))
    finish(clinic, run, StopReason.DIVERGED)

    diagnosis = client.get(path_of(run.id, "diagnosis")).json()

    causes = diagnosis["causes"]
    assert 1 <= len(causes) <= 3
    assert all(0 <= cause["probability"] <= 1 for cause in causes)
    assert sum(cause["probability"] for cause in causes) <= 1 + 1e-9
    (finding,) = [one for one in diagnosis["findings"] if one["code"] == "non_finite"]
    assert finding["cause"] in causes
    for cause in causes:
        assert bool(cause["experiments"]) is (cause["code"] == "undetermined")
        for experiment in cause["experiments"]:
            body = experiment["request"]["body"]
            assert client.post(experiment["request"]["href"], json=body).status_code == 201


def test_a_diagnosis_of_older_rules_is_served_as_it_was_stored(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([*[1.0] * 30, math.nan]))
    finish(clinic, run, StopReason.DIVERGED)
    older = {"code": "closed_forget_gate", "evidence": {"forget_gate_mean": 0.5}}
    with session_of(clinic) as session:
        session.execute(update(findings).where(findings.c.run_id == run.id).values(cause=older))
        session.execute(
            update(diagnoses)
            .where(diagnoses.c.run_id == run.id)
            .values(causes=[], rules_version="4")
        )

    diagnosis = client.get(path_of(run.id, "diagnosis")).json()

    assert (diagnosis["rules_version"], diagnosis["causes"]) == ("4", [])
    (cause, *_) = [one["cause"] for one in diagnosis["findings"]]
    assert (cause["code"], cause["family"], cause["probability"]) == (
        "closed_forget_gate",
        None,
        None,
    )


def test_the_same_question_gets_the_same_answer_and_then_304(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 30))
    finish(clinic, run)
    first = client.get(path_of(run.id, "diagnosis"))

    again = client.get(
        path_of(run.id, "diagnosis"), headers={"If-None-Match": first.headers["ETag"]}
    )

    assert again.status_code == 304


def test_overrides_judge_again_and_leave_the_stored_one_alone(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    loss = [*[math.nan] * 2, *[1.0] * 30]
    record(clinic, run, seq=0, batch=batch_of(loss))
    finish(clinic, run)
    before = client.get(path_of(run.id, "diagnosis")).json()

    strict = client.get(path_of(run.id, "diagnosis?non_finite.recovery_steps=5")).json()

    def states(diagnosis: dict[str, list[dict[str, str]]]) -> list[str]:
        return [one["state"] for one in diagnosis["findings"] if one["code"] == "non_finite"]

    assert (states(before), states(strict)) == (["active"], ["resolved"])
    assert client.get(path_of(run.id, "diagnosis")).json() == before


def test_a_queued_run_could_not_be_assessed_and_is_not_called_healthy(
    client: httpx.Client,
) -> None:
    run = post_run(client)

    diagnosis = client.get(path_of(run["id"], "diagnosis")).json()

    assert (diagnosis["verdict"], diagnosis["as_of_step"]) == ("undetermined", None)
    assert diagnosis["not_assessed"]


def test_a_run_whose_data_were_refused_is_not_judged(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    reason = "row 6, column 't': the same time twice"
    finish(clinic, run, StopReason.INVALID_DATA, error=reason)

    diagnosis = client.get(path_of(run.id, "diagnosis")).json()

    assert (diagnosis["verdict"], diagnosis["findings"]) == ("undetermined", [])
    assert diagnosis["summary"] == f"Not judged: the data were refused: {reason}."
    assert {one["reason"] for one in diagnosis["not_assessed"]} == {"the data were refused"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("vanishing_gradient.max_ration=0.1", "query/vanishing_gradient.max_ration"),
        ("vanishing_gradient.max_ratio=much", "query/vanishing_gradient.max_ratio"),
        ("vanishing_gradient.max_ratio=nan", "query/vanishing_gradient.max_ratio"),
        ("vanishing_gradient.max_ratio=-1", "query/vanishing_gradient.max_ratio"),
        ("anything=1", "query/anything"),
    ],
)
def test_a_threshold_that_does_not_exist_is_named(
    client: httpx.Client, query: str, pointer: str
) -> None:
    run = post_run(client)

    answer = client.get(f"{path_of(run['id'], 'diagnosis')}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
