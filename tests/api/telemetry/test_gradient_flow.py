"""Gradient flow over HTTP: logarithms to base 10, nulls that are named, the judged scope first."""

import math
from dataclasses import replace

import httpx
import numpy as np
import pytest

from app.domain.scopes import Scope
from app.domain.telemetry import LagProfile, ScalarReading
from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, path_of, record, started_run
from tests.store.builders import a_position, a_profile


def test_profiles_are_rows_of_probes_and_columns_of_lags(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    shorter = replace(
        a_profile(step=10, is_full=False),
        log_norm_T=np.array([0.0, math.log(10)]),
        num_anchors_T=np.array([4, 2], dtype=np.int32),
    )
    record(clinic, run, seq=0, batch=batch_of(readings=(a_profile(step=0), shorter)))

    (layer,) = client.get(path_of(run.id, "gradient-flow")).json()["layers"]

    assert (layer["scope"], layer["path"], layer["direction"]) == ("model", "total", "forward")
    assert (layer["steps"], layer["lags"]) == ([0, 10], [0, 1, 2, 3])
    *known, zero = layer["log10_norm"][0]
    assert known == pytest.approx([0, -1.5 / math.log(10), -745.2 / math.log(10)], rel=1e-15)
    assert zero is None
    assert layer["log10_norm"][1] == [0, 1, None, None]
    assert layer["num_anchors"] == [[8, 8, 7, 6], [4, 2, 0, 0]]
    assert layer["non_finite"] == [{"step": 0, "first_lag": 3, "last_lag": 3, "value": "-inf"}]
    assert layer["decay_rate"] == [-0.25, None]
    assert layer["decay_rate_interval"] == [[-0.3, -0.2], None]
    assert layer["fit_lags"] == [[1, 3], None]
    assert layer["ratio_at_required_lag"] == [
        {"lag": 3, "value": 1e-187, "interval": [0, 1e-180]},
        None,
    ]
    assert layer["gradient_horizon"][0] == {
        "value": 1,
        "first_below": 2,
        "censored": False,
        "threshold": 0.01,
        "interval": [1, 2],
    }


def test_every_curve_of_a_profile_is_served(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    both = (a_profile(step=0), a_profile(step=10, is_full=False))
    record(clinic, run, seq=0, batch=batch_of(readings=both))

    (layer,) = client.get(path_of(run.id, "gradient-flow")).json()["layers"]

    for shift, curve in enumerate(("", "_hidden", "_cell", "_scaled", "_median")):
        full, absent = layer[f"log10_norm{curve}"]
        expected = [-shift / math.log(10), (-1.5 - shift) / math.log(10)]
        assert full[:2] == pytest.approx(expected, rel=1e-15)
        assert full[3] is None
        assert absent == ([None] * 4 if shift else full)


def test_a_curve_that_no_probe_has_is_null(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(readings=(a_profile(is_full=False),)))

    (layer,) = client.get(path_of(run.id, "gradient-flow")).json()["layers"]

    assert layer["log10_norm"]
    for curve in ("hidden", "cell", "scaled", "median"):
        assert layer[f"log10_norm_{curve}"] is None


def test_the_training_gradient_over_position_stands_beside_its_immediate_part(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    positions = tuple(
        a_position(step=step, scope=scope, has_cell=step == 0)
        for step in (0, 10)
        for scope in ("layer:0", "layer:0/reverse")
    )
    profiles = (a_profile(step=0), a_profile(step=10))
    batch = batch_of(readings=(*profiles, *positions))
    record(clinic, run, seq=0, batch=batch)

    flow = client.get(path_of(run.id, "gradient-flow")).json()
    fewer = client.get(path_of(run.id, "gradient-flow?scope=model&from_step=5")).json()

    first, second = flow["positions"]
    assert (first["scope"], second["scope"]) == ("layer:0", "layer:0/reverse")
    assert (second["direction"], second["layer"]) == ("reverse", 0)
    assert (first["steps"], first["timesteps"]) == ([0, 10], [0, 1, 2, 3])
    nats = [None, -1.5, None, 5e-324]
    for field, shift in (("hidden", 0), ("immediate", 1), ("cell", 2)):
        row = first[f"log10_{field}_grad_norm"][0]
        assert row == [None if one is None else (one - shift) / math.log(10) for one in nats]
    assert first["log10_cell_grad_norm"][1] == [None] * 4
    assert first["num_sequences"] == [[8, 8, 7, 6]] * 2
    assert fewer["positions"] == []


def test_the_judged_scope_comes_first(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    scopes: list[LagProfile] = [
        replace(a_profile(scope="layer:1"), layer=1),
        replace(a_profile(scope="layer:0"), path="within_layer"),
        a_profile(scope="layer:0"),
        a_profile(scope="model"),
    ]
    record(clinic, run, seq=0, batch=batch_of(readings=tuple(scopes)))

    layers = client.get(path_of(run.id, "gradient-flow")).json()["layers"]

    assert [(layer["scope"], layer["path"]) for layer in layers] == [
        ("model", "total"),
        ("layer:0", "total"),
        ("layer:0", "within_layer"),
        ("layer:1", "total"),
    ]


def test_of_many_probes_the_first_the_last_and_spread_ones_are_kept(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    profiles = tuple(a_profile(step=step) for step in range(0, 1000, 10))
    record(clinic, run, seq=0, batch=batch_of(readings=profiles))

    asked = {"max_probes": 5, "from_step": 100}
    (layer,) = client.get(path_of(run.id, "gradient-flow"), params=asked).json()["layers"]

    assert layer["steps"] == [100, 320, 540, 770, 990]


def test_checksums_say_whether_to_believe_it(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    errors = ((0, 3e-7), (5, 1e-2), (6, float("nan")))
    readings = tuple(
        ScalarReading(step=step, quantity="checksum_error", scope=Scope.parse("model"), value=error)
        for step, error in errors
    )
    record(clinic, run, seq=0, batch=batch_of(readings=readings))

    integrity = client.get(path_of(run.id, "gradient-flow")).json()["integrity"]

    assert [entry["passed"] for entry in integrity] == [True, False, False]
    assert [entry["relative_error"] for entry in integrity] == [3e-7, 1e-2, None]


def test_the_exact_checksum_decides_where_there_is_one(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    errors = {("exact_checksum_error", 0): 1e-14, ("checksum_error", 0): 1e-2}
    errors |= {("exact_checksum_error", 5): 1e-2, ("checksum_error", 5): 1e-7}
    errors |= {("checksum_error", 9): 1e-7}
    readings = tuple(
        ScalarReading(step=step, quantity=quantity, scope=Scope.parse("model"), value=error)
        for (quantity, step), error in errors.items()
    )
    record(clinic, run, seq=0, batch=batch_of(readings=readings))

    integrity = client.get(path_of(run.id, "gradient-flow")).json()["integrity"]
    watched = client.get(path_of(run.id, "history?quantity=checksum_error")).json()

    assert [(one["step"], one["relative_error"], one["passed"]) for one in integrity] == [
        (0, 1e-14, True),
        (5, 1e-2, False),
        (9, 1e-7, True),
    ]
    assert {one["check"] for one in integrity} == {"parameter_gradient_checksum"}
    assert watched["series"][0]["steps"] == [0, 5, 9]


def test_the_adjoint_identity_is_checked_beside_it(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    readings = tuple(
        ScalarReading(step=step, quantity=quantity, scope=Scope.parse(scope), value=1e-8)
        for quantity, scope in (("checksum_error", "model"), ("adjoint_error", "layer:0"))
        for step in (0, 7)
    )
    record(clinic, run, seq=0, batch=batch_of(readings=readings))

    integrity = client.get(path_of(run.id, "gradient-flow")).json()["integrity"]

    assert [(one["step"], one["check"], one["scope"], one["passed"]) for one in integrity] == [
        (0, "adjoint_identity", "layer:0", False),
        (0, "parameter_gradient_checksum", "model", True),
        (7, "adjoint_identity", "layer:0", False),
        (7, "parameter_gradient_checksum", "model", True),
    ]


def test_a_run_without_probes_has_no_layers_and_an_unknown_lag(client: httpx.Client) -> None:
    run = post_run(client)

    flow = client.get(path_of(run["id"], "gradient-flow?scope=layer:0")).json()

    assert (flow["layers"], flow["integrity"]) == ([], [])
    assert flow["required_lag"]["source"] == "unknown"


def test_an_unknown_scope_is_answered_with_those_there_are(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(readings=(a_profile(),)))

    answer = client.get(path_of(run.id, "gradient-flow"), params={"scope": "layer:7"})

    assert answer.status_code == 422
    assert "there are model" in answer.json()["errors"][0]["detail"]
