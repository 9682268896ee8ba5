"""The heat map of the gradient flow over HTTP: many probes, one curve of each, in little room."""

import base64
import math
from dataclasses import replace

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from app.api.models.heat_map import encode_cells, limits_of
from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.telemetry import LagProfile
from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, path_of, record, started_run
from tests.databases import counted_statements
from tests.store.builders import a_profile


def curve_at(step: int, log_norm: list[float] | NDArray[np.float64]) -> LagProfile:
    """What a probe of the whole model measured."""
    values = np.asarray(log_norm, dtype=np.float64)
    counts = np.full(values.size, 4, dtype=np.int32)
    return replace(a_profile(step=step, is_full=False), log_norm_T=values, num_anchors_T=counts)


def probed_run(clinic: Clinic, *profiles: LagProfile) -> Run:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(readings=profiles))
    return run


def cells_of(body: dict[str, object]) -> NDArray[np.uint16]:
    """(P, T) the cells of an answer."""
    steps, lags, cells = body["steps"], body["lags"], body["cells"]
    assert isinstance(steps, list)
    assert isinstance(lags, list)
    assert isinstance(cells, str)
    return np.frombuffer(base64.b64decode(cells), dtype="<u2").reshape(len(steps), len(lags))


def test_cells_are_rows_of_probes_and_columns_of_lags(clinic: Clinic, client: httpx.Client) -> None:
    ten = math.log(10)
    run = probed_run(
        clinic,
        curve_at(0, [0, -ten, -4 * ten, -math.inf]),
        curve_at(10, [-2 * ten, math.nan, math.inf]),
    )

    body = client.get(path_of(run.id, "gradient-flow/heat-map")).json()

    assert (body["steps"], body["lags"], body["low"], body["high"]) == (
        [0, 10],
        [0, 1, 2, 3],
        -4,
        0,
    )
    half, three_quarters = 3 + 65_532 // 2, 3 + 65_532 * 3 // 4
    assert cells_of(body).tolist() == [[65_535, three_quarters, 3, 1], [half, 2, 2, 0]]
    assert body["gradient_horizon"] == [1, 1]
    assert (body["horizon_low"], body["horizon_high"]) == ([1, 1], [2, 2])
    assert body["scopes"] == [{"scope": "model", "path": "total"}]


def test_a_cell_says_a_number_to_four_digits_of_the_range() -> None:
    log10_PT = np.random.default_rng(0).uniform(-20, 0, size=(50, 80))

    low, high = limits = limits_of([log10_PT])
    text = encode_cells(log10_PT, limits)

    cells_PT = np.frombuffer(base64.b64decode(text), dtype="<u2").reshape(50, 80)
    found_PT = low + (cells_PT.astype(np.float64) - 3) / 65_532 * (high - low)
    assert np.abs(found_PT - log10_PT).max() < 20 / 131_000


def test_a_map_without_a_number_has_ends_too() -> None:
    assert limits_of([np.full((1, 2), -np.inf)]) == (0, 1)


def test_probes_and_lags_are_spread_over_the_range(clinic: Clinic, client: httpx.Client) -> None:
    curves = [curve_at(step, -np.arange(50.0)) for step in range(0, 400, 10)]
    run = probed_run(clinic, *curves)
    path = path_of(run.id, "gradient-flow/heat-map")

    body = client.get(f"{path}?max_probes=3&max_lags=6&from_step=100&to_step=300").json()

    assert body["steps"] == [100, 200, 300]
    assert body["lags"] == [0, 10, 20, 29, 39, 49]


def test_five_hundred_probes_of_eight_hundred_lags_are_one_small_answer(
    clinic: Clinic, client: httpx.Client
) -> None:
    curves = [curve_at(step, -np.arange(800.0) * (1 + step / 500)) for step in range(500)]
    run = probed_run(clinic, *curves)
    path = path_of(run.id, "gradient-flow/heat-map")

    with counted_statements(clinic.app.state.resources.engine) as counted:
        answer = client.get(path)

    body = answer.json()
    assert (len(body["steps"]), len(body["lags"])) == (500, 800)
    assert (cells_of(body) > 2).all()
    assert answer.num_bytes_downloaded < 1_200_000
    assert len(counted) <= 9


def test_another_scope_is_shown_where_it_is_asked_for(clinic: Clinic, client: httpx.Client) -> None:
    layer = replace(curve_at(0, [0, -1]), scope=Scope.layer(0), path="within_layer")
    run = probed_run(clinic, layer, curve_at(0, [0, -2, -3]))
    path = path_of(run.id, "gradient-flow/heat-map")

    shown = client.get(f"{path}?scope=layer:0&path=within_layer").json()
    unknown = client.get(f"{path}?scope=layer:7")

    assert shown["lags"] == [0, 1]
    assert [one["scope"] for one in shown["scopes"]] == ["model", "layer:0"]
    assert unknown.status_code == 422
    assert "model by total, layer:0 by within_layer" in unknown.json()["detail"]


def test_there_is_a_map_before_the_first_probe(client: httpx.Client) -> None:
    run_id = post_run(client)["id"]

    body = client.get(f"/v1/runs/{run_id}/gradient-flow/heat-map").json()

    assert (body["steps"], body["lags"], body["cells"], body["scopes"]) == ([], [], "", [])


@pytest.mark.parametrize("query", ["max_probes=0", "max_lags=100000", "path=sideways", "x=1"])
def test_a_wrong_query_is_refused(client: httpx.Client, query: str) -> None:
    run_id = post_run(client)["id"]

    assert client.get(f"/v1/runs/{run_id}/gradient-flow/heat-map?{query}").status_code == 422


def test_the_map_of_others_is_not_there(clinic: Clinic, client: httpx.Client) -> None:
    run_id = post_run(client)["id"]

    with clinic.client(clinic.other_key) as other:
        answer = other.get(f"/v1/runs/{run_id}/gradient-flow/heat-map")

    assert answer.status_code == httpx.codes.NOT_FOUND
