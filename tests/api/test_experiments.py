"""Experiments over HTTP: posted as they are offered, shown while they run, told when they ended."""

import html
from dataclasses import replace

import httpx
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.findings import Cause, Experiment
from app.domain.runs import Run
from app.domain.specs.patch import as_document, patched
from app.services.diagnosis.judge_again import judge_again
from app.store.diagnoses import load_diagnosis, replace_final_diagnosis
from tests.api.conftest import Clinic
from tests.api.measured import path_of, session_of
from tests.api.trials.sick_runs import CURED, sick_run
from tests.api.trials.test_trials import train


def experiment_on(parent: Run) -> Experiment:
    patch: dict[str, JsonValue] = {"optimizer": {"learning_rate": 0.0003}}
    body = as_document(patched(parent.spec, patch))
    return Experiment(cause="learning_rate_too_high", reason="A test.", patch=patch, body=body)


def test_an_experiment_is_shown_while_it_runs_and_its_result_weighs_the_causes(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = sick_run(clinic)
    undetermined = Cause(code="undetermined", probability=0.7, experiments=(experiment_on(run),))
    with session_of(clinic) as session:
        stored = load_diagnosis(session, run.id)
        assert stored is not None
        replace_final_diagnosis(session, run, replace(stored, causes=(undetermined,)))
    before = client.get(path_of(run.id, "diagnosis"))
    [offered] = before.json()["causes"][0]["experiments"]

    made = client.post(offered["request"]["href"], json=offered["request"]["body"]).json()

    descent = {"parent": str(run.id), "purpose": "experiment", "remedy": None}
    assert made["lineage"] == descent
    page = client.get(f"/runs/{run.id}").text
    assert f'href="/runs/{made["id"]}" data-experiment="learning_rate_too_high"' in page
    twin = client.get(f"/v1/runs/{run.id}?include=lineage").json()
    [child] = twin["included"]["lineage"]["children"]
    assert (child["id"], child["status"]) == (made["id"], "queued")
    assert (child["purpose"], child["remedy"]) == ("experiment", None)
    train(clinic, made["id"], CURED)
    judge_again(clinic.app.state.resources.engine, run_id=run.id)
    headers = {"If-None-Match": before.headers["ETag"]}
    after = client.get(path_of(run.id, "diagnosis"), headers=headers)
    assert after.status_code == 200
    [result] = after.json()["experiment_results"]
    assert (result["run_id"], result["cause"]) == (made["id"], "learning_rate_too_high")
    assert (result["has_learned"], result["patch"]) == (True, offered["patch"])
    assert result["progress"] == pytest.approx(1 - 6 * CURED, abs=1e-3)
    assert result["explanation"] in html.unescape(client.get(f"/runs/{run.id}").text).replace(
        "<code>", "`"
    ).replace("</code>", "`")
