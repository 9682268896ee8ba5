"""Dynamics over HTTP: series by scope, each quantity defined, each gap with its reason."""

import httpx

from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ReadingBatch, ScalarReading
from tests.api.conftest import Clinic, post_run
from tests.api.measured import path_of, record, started_run

SOME_QUANTITIES = {"spectral_radius", "sigma_max", "gate_mean", "lyapunov_1", "jacobian_sigma_max"}


def a_reading(quantity: str, scope: str, value: float, *, step: int = 0) -> ScalarReading:
    return ScalarReading(step=step, quantity=quantity, scope=Scope.parse(scope), value=value)


def test_readings_are_series_by_scope_over_the_probes(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    readings = (
        a_reading("spectral_radius", "layer:0", 0.9),
        a_reading("spectral_radius", "layer:0", float("inf"), step=10),
        a_reading("lyapunov_7", "layer:0", -0.5),
        a_reading("gate_mean", "gate:0/forget", 0.75),
        a_reading("checksum_error", "model", 1e-7),
        a_reading("mse", "validation", 0.1),
    )
    record(clinic, run, seq=0, batch=ReadingBatch(readings=readings))

    answer = client.get(path_of(run.id, "dynamics"))

    scopes = {one["scope"]: one["series"] for one in answer.json()["scopes"]}
    assert set(scopes) == {"layer:0", "gate:0/forget"}
    exponent, radius = scopes["layer:0"]
    assert (exponent["quantity"], exponent["unit"]) == ("lyapunov_7", "nats / timestep")
    assert radius == {
        "quantity": "spectral_radius",
        "unit": "1",
        "steps": [0, 10],
        "values": [0.9, None],
        "non_finite": [{"step": 10, "value": "inf"}],
    }
    again = client.get(
        path_of(run.id, "dynamics"), headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_range_and_scopes_narrow_it(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    readings = tuple(
        a_reading("sigma_max", scope, float(step), step=step)
        for step in range(0, 100, 10)
        for scope in ("layer:0", "layer:1")
    )
    record(clinic, run, seq=0, batch=ReadingBatch(readings=readings))

    asked: dict[str, str | int] = {"scope": "layer:1", "from_step": 20, "to_step": 80}
    body = client.get(path_of(run.id, "dynamics"), params={**asked, "max_probes": 3}).json()
    refused = client.get(path_of(run.id, "dynamics"), params={"scope": "layer:2"})

    [scope] = body["scopes"]
    assert (scope["scope"], scope["series"][0]["steps"]) == ("layer:1", [20, 50, 80])
    assert refused.status_code == 422
    assert "there are layer:0, layer:1" in refused.json()["errors"][0]["detail"]


def test_what_could_not_be_measured_is_said_once_with_its_reason(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    gaps = tuple(
        ProbeGap(
            step=step,
            quantity="jacobian_sigma_max",
            scope=Scope.parse("layer:0"),
            reason="too large",
        )
        for step in (0, 10)
    )
    record(clinic, run, seq=0, batch=ReadingBatch(readings=gaps))

    missing = client.get(path_of(run.id, "dynamics")).json()["not_assessed"]

    reason = "this run's probes do not measure it"
    gap = {"quantity": "jacobian_sigma_max", "scope": "layer:0", "reason": "too large"}
    assert [one for one in missing if one["quantity"] == gap["quantity"]] == [gap]
    assert {"quantity": "sigma_max", "scope": "model", "reason": reason} in missing


def test_a_run_whose_probes_are_off_says_so_of_everything(client: httpx.Client) -> None:
    run = post_run(client, probes={"tier": "off"})

    body = client.get(path_of(run["id"], "dynamics")).json()

    assert body["scopes"] == []
    assert {one["reason"] for one in body["not_assessed"]} == {"probes are off (probes.tier)"}
    assert {one["quantity"] for one in body["definitions"]} >= SOME_QUANTITIES


def test_openapi_defines_every_quantity(clinic: Clinic) -> None:
    operation = clinic.app.openapi()["paths"]["/v1/runs/{run_id}/dynamics"]["get"]

    for quantity in SOME_QUANTITIES:
        assert f"`{quantity}` (" in operation["description"]
    assert "`lyapunov_1` (nats / timestep)" in operation["description"]
