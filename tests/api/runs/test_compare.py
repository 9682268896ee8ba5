"""Several runs side by side."""

import base64
import math
from dataclasses import replace

import httpx
import numpy as np
import pytest

from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.telemetry import LagProfile
from tests.api.conftest import Clinic, post_run
from tests.api.measured import Losses, batch_of, record, started_run
from tests.domain.builders import job
from tests.store.builders import a_profile


def test_runs_are_compared_in_the_order_asked_for(client: httpx.Client) -> None:
    slow = post_run(client, optimizer={"kind": "adam", "learning_rate": 1e-4})["id"]
    fast = post_run(client, optimizer={"kind": "adam", "learning_rate": 1e-2})["id"]

    answer = client.get("/v1/compare", params={"run_id": [fast, slow]}).json()

    assert [run["id"] for run in answer["runs"]] == [fast, slow]
    assert answer["differences"] == [
        {"pointer": "/optimizer/learning_rate", "values": [1e-2, 1e-4]}
    ]
    assert [one["run_id"] for one in answer["reach"]] == [fast, slow]


def test_a_run_of_others_is_not_compared(clinic: Clinic, client: httpx.Client) -> None:
    own = post_run(client)["id"]
    with clinic.client(clinic.other_key) as other:
        answer = other.get("/v1/compare", params={"run_id": own})

    assert answer.status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("number", [0, 13])
def test_at_least_one_and_at_most_twelve_runs_are_compared(
    client: httpx.Client, number: int
) -> None:
    ids = [post_run(client)["id"]] * number

    answer = client.get("/v1/compare", params={"run_id": ids})

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY


def probed(step: int, *log10_norm: float) -> LagProfile:
    """What a probe of the whole model measured."""
    logs_T = np.array(log10_norm) * math.log(10)
    counts_T = np.full(logs_T.size, 4, dtype=np.int32)
    made = a_profile(step=step, is_full=False)
    return replace(made, scope=Scope.model(), log_norm_T=logs_T, num_anchors_T=counts_T)


def trained(clinic: Clinic, seed: int, losses: Losses, *probes: LagProfile) -> Run:
    run = started_run(clinic, job(training={"seed": seed}, name=f"seed {seed}"))
    record(clinic, run, seq=0, batch=batch_of(losses, readings=probes))
    return run


def test_runs_that_differ_in_their_seed_have_a_band(clinic: Clinic, client: httpx.Client) -> None:
    first = trained(clinic, 1, [4, 2, math.nan], probed(0, 0, -1))
    second = trained(clinic, 2, [6, 8, 1], probed(0, 0, -1))
    other = post_run(client)["id"]
    ids = [str(first.id), other, str(second.id)]

    answer = client.get("/v1/compare", params={"run_id": ids}).json()

    assert answer["arms"] == [
        {"run_ids": [ids[0], ids[2]], "seeds": [1, 2]},
        {"run_ids": [other], "seeds": [0]},
    ]
    loss, reach = answer["bands"]
    assert loss == {
        "quantity": "loss",
        "scope": "model",
        "unit": loss["unit"],
        "run_ids": [ids[0], ids[2]],
        "steps": [0, 1, 2],
        "low": [4, 2, 1],
        "median": [5, 5, 1],
        "high": [6, 8, 1],
        "num_seeds": [2, 2, 1],
        "non_finite": [{"run_id": ids[0], "step": 2, "value": "nan"}],
    }
    assert (reach["quantity"], reach["steps"], reach["num_seeds"]) == ("gradient_horizon", [0], [2])


def test_a_spike_of_one_step_is_in_the_band_of_a_long_run(
    clinic: Clinic, client: httpx.Client
) -> None:
    losses = np.ones(20_000, dtype=np.float32)
    losses[12_345] = 1e6
    runs = [trained(clinic, 1, losses), trained(clinic, 2, np.ones(20_000, dtype=np.float32))]
    ids = [str(run.id) for run in runs]

    answer = client.get("/v1/compare", params={"run_id": ids, "max_points": "100"}).json()

    (band,) = answer["bands"]

    assert len(band["steps"]) <= 25
    assert max(band["high"]) == 1e6
    assert max(band["median"]) == 1


def test_a_range_of_steps_is_compared(clinic: Clinic, client: httpx.Client) -> None:
    run = trained(clinic, 1, [5, 4, 3, 2], probed(0, 0, -1), probed(2, 0, -2))
    params = {"run_id": str(run.id), "from_step": "1", "to_step": "2", "include": "gradient_flows"}

    answer = client.get("/v1/compare", params=params).json()

    assert answer["series"][0]["series"]["values"] == [4, 3]
    assert answer["reach"][0]["steps"] == answer["gradient_flows"][0]["steps"] == [2]


def test_gradient_flows_are_shares_of_lag_0_on_one_scale(
    clinic: Clinic, client: httpx.Client
) -> None:
    weak = trained(clinic, 1, [], probed(0, -2, -9), probed(3, -4, -math.inf))
    strong = trained(clinic, 2, [], probed(0, 1, 4.5), probed(3, -math.inf, -2))
    unprobed = post_run(client)["id"]
    ids = [str(weak.id), str(strong.id), unprobed]
    params = {"run_id": ids, "include": ["gradient_flows"]}

    maps = client.get("/v1/compare", params=params).json()["gradient_flows"]

    assert [(one["low"], one["high"]) for one in maps] == [(-7, 3.5)] * 3
    cells = [np.frombuffer(base64.b64decode(one["cells"]), dtype="<u2") for one in maps]
    logs = [-7 + (one[one > 2].astype(float) - 3) / 65_532 * 10.5 for one in cells]
    assert logs[0].round(3).tolist() == [0, -7, 0]
    assert logs[1].round(3).tolist() == [0, 3.5]
    assert cells[0][3] == 1
    assert cells[1].tolist()[2:] == [2, 2]
    assert cells[2].size == 0


def test_gradient_flows_are_read_where_they_are_asked_for(client: httpx.Client) -> None:
    answer = client.get("/v1/compare", params={"run_id": post_run(client)["id"]}).json()

    assert answer["gradient_flows"] is None
