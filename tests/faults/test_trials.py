"""A trial survives the death of the API and of workers: no run is lost, and none is doubled."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.domain.runs import StopReason
from tests.faults.clinic import Api, Clinic
from tests.workers import wait_until, wait_until_ready

WITHIN_S = 180.0
#: Its gradient vanishes long before the lag that the task needs.
FORGETFUL = {
    "model": {"kind": "elman", "hidden_size": 32},
    "init": {"recurrent": {"kind": "torch_default"}},
    "dataset": {"kind": "adding", "length": 100},
    "training": {"num_steps": 400, "evaluate_every": 100},
    "probes": {"tier": "economy"},
}


def sick_run(clinic: Clinic, api: Api) -> UUID:
    answer = api.http.post("/v1/runs", json=FORGETFUL)
    run_id = UUID(answer.json()["id"])
    assert clinic.runs.wait_for_end(run_id).stop_reason is StopReason.COMPLETED
    return run_id


def runs_of(trial: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs that the trial made, without the run whose remedies it tries."""
    arms = (trial["control"], *trial["remedies"])
    return [run for arm in arms for run in arm["runs"] if run["run_id"] != trial["run_id"]]


def reader(api: Api, path: str) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        found: dict[str, Any] = api.http.get(path).json()
        return found

    return read


def test_a_trial_goes_on_where_its_processes_were_killed(clinic: Clinic) -> None:
    clinic.group.of(1)
    api = clinic.open_api()
    run_id = sick_run(clinic, api)
    body, headers = {"budget": 100}, {"Idempotency-Key": str(uuid4())}
    path = f"/v1/runs/{run_id}/trials"
    first = api.http.post(path, json=body, headers=headers)
    assert first.status_code == httpx.codes.CREATED, first.text

    api.kill()
    api = clinic.open_api()
    again = api.http.post(path, json=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    read = reader(api, first.json()["links"]["self"])
    # once while the first runs train, and once while later ones do
    for num_ended in (0, 2):
        wait_until_training(read, num_ended)
        for worker in clinic.group.ready:
            worker.end()
        clinic.group.of(1)
    wait_until(lambda: read()["status"] == "ended", within_s=WITHIN_S)

    trial = read()
    made = [UUID(run["run_id"]) for run in runs_of(trial)]
    listed = api.http.get("/v1/runs", params={"parent_id": str(run_id), "limit": 200}).json()
    assert sorted(UUID(run["id"]) for run in listed["items"]) == sorted(made)
    assert len(set(made)) == len(made)
    places = [(arm["remedy"], run["seed"]) for arm in trial["remedies"] for run in arm["runs"]]
    assert len(set(places)) == len(places)
    assert max(clinic.runs.get(one).attempt for one in made) > 1
    for one in made:
        steps = clinic.runs.steps(one)
        assert steps == list(range(len(steps)))
        assert len(steps) == clinic.runs.get(one).progress_step
    assert all(arm["verdict"] for arm in trial["remedies"])


def test_the_end_of_a_run_advances_its_trial_without_a_sweep(clinic: Clinic) -> None:
    clinic.group.of(0)
    worker = clinic.group.start(CLINIC_SWEEP_S="3600")
    wait_until_ready(worker)
    api = clinic.open_api()
    run_id = sick_run(clinic, api)
    posted = api.http.post(f"/v1/runs/{run_id}/trials", json={"num_seeds": 1, "budget": 100})
    read = reader(api, posted.json()["links"]["self"])

    wait_until(lambda: read()["status"] == "ended", within_s=WITHIN_S)
    worker.end()

    assert read()["end_reason"] == "decided"


def wait_until_training(read: Callable[[], dict[str, Any]], num_ended: int) -> None:
    """Until so many runs have ended and another one has readings, or the trial is over."""

    def is_there() -> bool:
        trial = read()
        runs = runs_of(trial)
        num = sum(run["status"] == "succeeded" for run in runs)
        is_training = any(run["status"] == "running" and run["step"] > 0 for run in runs)
        return trial["status"] == "ended" or (num >= num_ended and is_training)

    wait_until(is_there, within_s=WITHIN_S)
