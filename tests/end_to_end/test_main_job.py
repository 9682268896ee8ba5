"""The main job over HTTP, with everything real: submit, watch, read the diagnosis."""

import math
import os
import signal
import statistics
import time
from hashlib import sha256

import httpx
import pytest
from safetensors.numpy import load

from tests.end_to_end.conftest import LONGEST_WAIT_S, Json, Owner
from tests.processes import descendants, wait_until_dead

ELMAN: Json = {
    "model": {"kind": "elman", "hidden_size": 64},
    "dataset": {"kind": "adding", "length": 200},
    "training": {"num_steps": 120, "evaluate_every": 60},
    "probes": {"every": 30},
}
#: Exact cases: precise, and nothing but what is asked about moves the state.
SHORT: Json = {"dataset": {"kind": "adding", "length": 60}, "training": {"precision": "float64"}}
LINEAR: Json = {"kind": "elman", "activation": "linear", "hidden_size": 16}
SILENT: Json = {"recurrent": {"kind": "zeros"}, "input": {"kind": "zeros"}}
ENDLESS: Json = ELMAN | {"training": {"num_steps": 1_000_000}}


def test_a_run_is_read_while_it_trains_and_diagnosed_at_its_end(owner: Owner) -> None:
    run_id = owner.post_run(ELMAN)

    run = owner.run(run_id, until="ended", wait_s="60")

    assert (run["status"], run["stop_reason"], run["attempt"]) == ("succeeded", "completed", 1)
    assert run["completed_as_asked"] is True
    assert owner.num_readings(run_id) == 120
    assert set(run["skill"]) == {"train", "validation", "test"}  # type: ignore[call-overload] # the run's own
    query = {"quantity": "loss", "x": "time"}
    times = owner.http.get(f"/v1/runs/{run_id}/history", params=query).json()["series"][0]["x"]
    assert len(set(times)) == 120
    assert times == sorted(times)
    assert str(run["started_at"]) < times[0] < times[-1] < str(run["ended_at"])
    assert run["probes"]["share"] == pytest.approx(share_of_probes(owner, run_id), rel=0.1)  # type: ignore[index] # the run's own
    flow = owner.read(f"/v1/runs/{run_id}/gradient-flow")
    layers = flow["layers"]
    assert isinstance(layers, list)
    assert layers[0]["scope"] == "model"
    assert len(layers[0]["log10_norm"][0]) == 200
    diagnosis = owner.read(f"/v1/runs/{run_id}/diagnosis")
    assert diagnosis["final"] is True
    assert diagnosis["verdict"] in {"healthy", "at_risk", "sick", "undetermined"}


def share_of_probes(owner: Owner, run_id: str) -> float:
    """Seconds of all probes over the seconds until the end of the last probe."""
    query = {"quantity": ["elapsed_s", "probe_seconds"]}
    series = owner.http.get(f"/v1/runs/{run_id}/history", params=query).json()["series"]
    elapsed, probes = (one["values"] for one in series)
    return float(math.fsum(probes) / (elapsed[-1] + probes[-1]))


def test_what_a_run_has_learned_is_taken_home(owner: Owner) -> None:
    run_id = owner.post_run(ELMAN | {"training": {"num_steps": 20, "evaluate_every": 5}})
    run = owner.run(run_id, until="ended", wait_s="60")

    items = owner.read(f"/v1/runs/{run_id}/artifacts")["items"]
    assert isinstance(items, list)
    files = {item["name"]: owner.http.get(item["href"]).content for item in items}

    for item in items:
        content = files[item["name"]]
        assert (item["num_bytes"], item["sha256"]) == (len(content), sha256(content).hexdigest())
    assert {"model.safetensors", "best.safetensors", "model.json", "predict.py"} <= files.keys()
    best = next(item for item in items if item["kind"] == "best")
    assert best["step"] == run["best"]["step"]  # type: ignore[index] # the run's own
    tensors = load(files["model.safetensors"])
    assert tensors["rnn.weight_hh_l0"].shape == (64, 64)
    assert f"Attempt 1 of run {run_id} begins".encode() in files["log.txt"]


@pytest.mark.alone
def test_the_first_reading_is_there_two_seconds_after_the_order(owner: Owner) -> None:
    # a first run warms what a worker has not touched since it started
    owner.run(owner.post_run(ELMAN), until="ended", wait_s="60")
    ordered_at = time.monotonic()

    run_id = owner.post_run(ENDLESS)
    owner.wait_until(lambda: owner.num_readings(run_id) > 0, within_s=10)

    took_s = time.monotonic() - ordered_at
    owner.cancel(run_id)
    assert took_s <= 2, took_s


def test_worker_and_service_are_of_one_release(owner: Owner) -> None:
    workers = owner.http.get("/v1/workers").json()["items"]
    service = owner.http.get("/openapi.json").json()["info"]

    assert {worker["release"] for worker in workers} == {service["version"]}


def test_a_spec_is_tried_before_it_is_run(owner: Owner) -> None:
    contracting = ELMAN | {"init": {"recurrent": {"kind": "spectral_radius", "radius": 0.5}}}
    waiting = {"wait_s": LONGEST_WAIT_S}

    start = owner.http.post("/v1/preflight", json=contracting, params={**waiting, "mini_steps": 0})
    steps = owner.http.post("/v1/preflight", json=contracting, params=waiting)

    for answer, basis in ((start, "step_0"), (steps, "mini_steps")):
        assert answer.status_code == httpx.codes.OK, answer.text
        body = answer.json()
        assert body["predicted"]["basis"] == basis
        assert body["gradient_flow"]["layers"][0]["scope"] == "model"
        assert "layer:0" in {one["scope"] for one in body["dynamics"]["scopes"]}
        assert all(check["passed"] for check in body["integrity"])
    # 0.5 to the power of 199
    [finding] = start.json()["predicted"]["findings"]
    assert (finding["code"], finding["state"]) == ("vanishing_gradient", "predicted")
    assert start.json()["predicted"]["verdict"] == "at_risk"


def try_start(owner: Owner, model: Json, init: Json, **changes: object) -> Json:
    """What the initial weights alone say."""
    spec = SHORT | {"model": model, "init": init} | changes
    query = {"mini_steps": 0, "wait_s": LONGEST_WAIT_S}
    answer = owner.http.post("/v1/preflight", json=spec, params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    body: Json = answer.json()
    return body


def measured_by(body: Json) -> dict[str, float]:
    """`scope quantity` -> its value at step 0."""
    dynamics, flow = body["dynamics"], body["gradient_flow"]
    assert isinstance(dynamics, dict)
    assert isinstance(flow, dict)
    rates = {f"{one['scope']} decay_rate": one["decay_rate"][0] for one in flow["layers"]}
    return rates | {
        f"{scope['scope']} {series['quantity']}": series["values"][0]
        for scope in dynamics["scopes"]
        for series in scope["series"]
    }


@pytest.mark.parametrize(
    ("model", "init", "expected", "tolerance"),
    [
        (
            LINEAR,
            {"recurrent": {"kind": "orthogonal", "gain": 0.9}},
            {"decay_rate": math.log(0.9), "lyapunov_1": math.log(0.9), "spectral_radius": 0.9},
            1e-6,
        ),
        (
            LINEAR,
            {"recurrent": {"kind": "identity"}},
            {"spectral_radius": 1, "sigma_max": 1, "lyapunov_1": 0},
            1e-6,
        ),
        (LINEAR, {"recurrent": {"kind": "spectral_radius"}}, {"spectral_radius": 1}, 1e-6),
        # Ginibre's radius and norm: 4 % above and 2 % below those of infinitely many units
        (
            LINEAR | {"hidden_size": 128},
            {"recurrent": {"kind": "gaussian", "gain": 0.5}},
            {"spectral_radius": 0.52, "sigma_max": 0.98},
            0.07,
        ),
        # σ(1), and the mean of u / (1 + u) over u ~ U[1, 783]
        (
            {"kind": "lstm"},
            SILENT | {"forget_bias": 1},
            {"decay_rate": -0.313262, "lyapunov_1": -0.313262},
            1e-6,
        ),
        (
            {"kind": "gru"},
            SILENT,
            {"decay_rate": -math.log(2), "lyapunov_1": -math.log(2)},
            1e-6,
        ),
        (
            {"kind": "lstm"},
            SILENT | {"bias": {"kind": "chrono", "max_lag": 783}},
            {"gate_mean": 0.99236},
            0.015,
        ),
        # χ = 1: no direction grows or shrinks in the limit of many units
        (
            {"kind": "elman", "hidden_size": 256},
            {"recurrent": {"kind": "critical"}},
            {"lyapunov_1": 0},
            0.06,
        ),
    ],
)
def test_a_case_with_a_closed_form_comes_out_as_written(
    owner: Owner, model: Json, init: Json, expected: dict[str, float], tolerance: float
) -> None:
    body = try_start(owner, model, init)

    found = measured_by(body)
    for quantity, value in expected.items():
        scope = "gate:0/forget" if quantity == "gate_mean" else "layer:0"
        assert found[f"{scope} {quantity}"] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("model", "quantity", "scope", "reason"),
    [
        ({"kind": "elman", "hidden_size": 600}, "jacobian_sigma_max", "layer:0", "600 coordinates"),
        ({"kind": "gru", "bidirectional": True}, "lyapunov_1", "layer:0", "bidirectional"),
    ],
)
def test_what_cannot_be_measured_says_why(
    owner: Owner, model: Json, quantity: str, scope: str, reason: str
) -> None:
    body = try_start(
        owner,
        model,
        {"recurrent": {"kind": "identity"}},
        dataset={"kind": "adding", "length": 10},
        probes={"quantities": ["jacobian_sigma_max", "lyapunov_exponents"]},
    )

    dynamics = body["dynamics"]
    assert isinstance(dynamics, dict)
    reasons = {(one["quantity"], one["scope"]): one["reason"] for one in dynamics["not_assessed"]}
    assert reason in reasons[quantity, scope]


@pytest.mark.alone
def test_orders_are_taken_at_once(owner: Owner) -> None:
    took_s = []
    for _ in range(15):
        began = time.perf_counter()
        run_id = owner.post_run(ELMAN)
        took_s.append(time.perf_counter() - began)
        owner.http.post(f"/v1/runs/{run_id}/cancel")

    # ten times what a quiet machine takes, and less than any wait for a broker
    assert statistics.median(took_s) <= 0.25, took_s


def test_a_killed_worker_is_replaced_and_its_run_trained_anew(owner: Owner) -> None:
    run_id = owner.post_run(ENDLESS)
    owner.wait_until(lambda: owner.num_readings(run_id) > 0)
    worker = owner.service.pid_of("celery --app worker.main")
    assert worker is not None
    tree = {worker, *descendants(worker)}
    killed_at = time.monotonic()

    os.kill(worker, signal.SIGKILL)

    wait_until_dead(*tree, within_s=5)
    owner.wait_until(lambda: owner.run(run_id)["attempt"] == 2, within_s=45)
    owner.wait_until(lambda: owner.num_readings(run_id) > 0)
    took_s = time.monotonic() - killed_at
    steps = steps_of(owner, run_id)
    owner.cancel(run_id)
    assert took_s <= 45, took_s
    assert steps == list(range(len(steps)))


def steps_of(owner: Owner, run_id: str) -> list[int]:
    history = owner.read(f"/v1/runs/{run_id}/history", quantity="loss", max_points="20000")
    series = history["series"]
    assert isinstance(series, list)
    steps: list[int] = series[0]["steps"]
    return steps
