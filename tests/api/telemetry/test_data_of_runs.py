"""Runs on uploaded data: what does not fit is refused with its place before anything is stored."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.domain.data_check import MAX_CHEAP_SERIES
from tests.api.conftest import Clinic, post_run, spec
from tests.api.measured import started_run
from tests.api.runs.test_runs import check_problem

CSV = "month,co2,site_no\n" + "".join(
    f"{1960 + i // 12}-{i % 12 + 1:02d}-01,{i}.5,7\n" for i in range(100)
)


@pytest.fixture(scope="module")
def dataset_id(client: httpx.Client) -> str:
    answer = client.post(
        "/v1/datasets",
        params={"name": "co2", "kind": "csv"},
        content=CSV.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def forecast(uploaded: str, **parts: object) -> dict[str, Any]:
    dataset = {"kind": "forecast", "dataset_id": uploaded, "target": "co2", "window": 12}
    return spec(dataset={**dataset, **parts})


def test_a_run_on_an_upload_is_taken(client: httpx.Client, dataset_id: str) -> None:
    run = post_run(client, dataset=forecast(dataset_id)["dataset"])

    found = client.get(f"/v1/runs?dataset={dataset_id}").json()["items"]
    assert run["id"] in {item["id"] for item in found}


@pytest.mark.parametrize(
    ("parts", "pointer", "code"),
    [
        ({"target": "co3"}, "/dataset/target", "no_such_column"),
        ({"target": "month"}, "/dataset/target", "column_not_numeric"),
        ({"features": ["co3"]}, "/dataset/features/0", "no_such_column"),
        ({"target": "site_no"}, "/dataset/target", "column_constant"),
        ({"features": ["site_no"]}, "/dataset/features/0", "column_constant"),
        ({"series_column": "site"}, "/dataset/series_column", "no_such_column"),
        ({"window": 90}, "/dataset/window", "longer_than_data"),
        ({"transform": [{"lag": 80, "kind": "difference"}]}, "/dataset/window", "longer_than_data"),
        ({"recursive_steps": 40}, "/dataset/recursive_steps", "longer_than_data"),
        ({"recursive_steps": 1}, "/dataset/recursive_steps", "greater_than_equal"),
        ({"calendar": ["day_of_week"]}, "/dataset", "value_error"),
        (
            {"calendar": ["day_of_week"], "time_column": "site_no"},
            "/dataset/time_column",
            "column_not_dates",
        ),
        ({"kind": "text"}, "/dataset/target", "extra_forbidden"),
        ({"dataset_id": str(UUID(int=1))}, "/dataset/dataset_id", "dataset_not_found"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_what_the_data_cannot_serve_is_refused(
    client: httpx.Client,
    dataset_id: str,
    parts: dict[str, object],
    pointer: str,
    code: str,
    dry_run: str,
) -> None:
    answer = client.post(f"/v1/runs?dry_run={dry_run}", json=forecast(dataset_id, **parts))

    problem = check_problem(answer)
    assert answer.status_code == 422
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in problem["errors"]}


def test_another_workspace_s_data_set_is_not_there(clinic: Clinic, dataset_id: str) -> None:
    with clinic.client(clinic.other_key) as other:
        answer = other.post("/v1/runs", json=forecast(dataset_id))

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["code"] == "dataset_not_found"


def upload(client: httpx.Client, name: str, text: str) -> str:
    answer = client.post(
        "/v1/datasets",
        params={"name": name, "kind": "csv"},
        content=text.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_dry_run_names_the_series_that_would_be_left_out(client: httpx.Client) -> None:
    sizes = {f"shop{index}": 5 if index == 7 else 120 for index in range(20)}
    rows = [f"{shop},{t},{t % 11}.5" for shop, size in sizes.items() for t in range(size)]
    uploaded = upload(client, "panel", "shop,t,co2\n" + "\n".join(rows))

    answer = client.post(
        "/v1/runs?dry_run=true", json=forecast(uploaded, series_column="shop", window=30)
    )

    assert answer.status_code == 200, answer.text
    (warning,) = (each for each in answer.json()["warnings"] if "left out" in each)
    assert warning.startswith("1 of 20 series is left out: ")
    assert "'shop7'" in warning


@pytest.mark.parametrize(
    ("text", "parts", "reason"),
    [
        (
            "t,co2\n" + "".join(f"{t // 2},{t}.5\n" for t in range(100)),
            {"time_column": "t"},
            "row 3, column 't': the same time",
        ),
        (
            "x,co2\n" + "".join(f"{int(t > 80)},{t}.5\n" for t in range(100)),
            {"features": ["x"]},
            "column 'x' is constant over the training part",
        ),
        (
            CSV,
            {"time_column": "month", "calendar": ["month_of_year", "hour_of_day"]},
            "calendar field hour_of_day is the same in every row",
        ),
    ],
    ids=["equal times", "constant feature", "constant calendar"],
)
@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_what_a_worker_would_refuse_is_refused_at_once(
    client: httpx.Client, text: str, parts: dict[str, object], reason: str, dry_run: str
) -> None:
    uploaded = upload(client, "unusable", text)

    answer = client.post(f"/v1/runs?dry_run={dry_run}", json=forecast(uploaded, **parts))

    (error,) = check_problem(answer)["errors"]
    assert answer.status_code == 422
    assert (error["pointer"], error["code"]) == ("/dataset/dataset_id", "data_not_usable")
    assert reason in error["detail"]
    assert client.get(f"/v1/runs?dataset={uploaded}").json()["items"] == []


def test_a_refusal_of_rows_frees_the_idempotency_key(client: httpx.Client) -> None:
    uploaded = upload(client, "twice", "t,co2\n" + "1,1\n1,2\n" * 50)
    body, headers = forecast(uploaded, time_column="t"), {"Idempotency-Key": str(uuid4())}

    refused = [client.post("/v1/runs", json=body, headers=headers) for _ in range(2)]
    accepted = client.post(
        "/v1/runs", json=forecast(uploaded), headers={"Idempotency-Key": str(uuid4())}
    )

    assert [check_problem(one)["status"] for one in refused] == [422, 422]
    assert accepted.status_code == 201


def test_rows_that_take_long_to_check_are_left_to_the_worker(client: httpx.Client) -> None:
    # each shop has a time twice
    rows = [f"s{shop},{t // 2},{t}.5" for shop in range(MAX_CHEAP_SERIES + 1) for t in range(20)]
    uploaded = upload(client, "many shops", "shop,t,co2\n" + "\n".join(rows))
    parts = {"series_column": "shop", "time_column": "t", "window": 4}

    queued = client.post("/v1/runs", json=forecast(uploaded, **parts))
    checked = client.post("/v1/runs?dry_run=true", json=forecast(uploaded, **parts))

    assert (queued.status_code, checked.status_code) == (201, 422)


@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_a_logarithm_of_values_that_have_none_is_refused(
    client: httpx.Client, dry_run: str
) -> None:
    uploaded = upload(client, "positive", "co2\n" + "".join(f"{t}.5\n" for t in range(100)))
    signed = upload(client, "below", "co2\n" + "".join(f"{t - 2}.5\n" for t in range(100)))
    bodies = [forecast(each, transform=["log1p"]) for each in (uploaded, signed)]

    taken, refused = (client.post(f"/v1/runs?dry_run={dry_run}", json=body) for body in bodies)

    assert taken.status_code in {200, 201}, taken.text
    (error,) = check_problem(refused)["errors"]
    assert (error["pointer"], error["code"]) == ("/dataset/transform/0", "no_logarithm")
    assert "column 'co2' has -2.5" in error["detail"]


def test_dry_runs_that_check_uploads_are_limited(clinic: Clinic, client: httpx.Client) -> None:
    text = "co2\n" + "\n".join(f"{t}.5" for t in range(200))
    uploaded = upload(client, "limited", text)
    places = clinic.app.state.resources.dry_run_places
    workspace_id = started_run(clinic).workspace_id

    def dry_run() -> httpx.Response:
        return client.post("/v1/runs?dry_run=true", json=forecast(uploaded))

    with places.place(uuid4()), places.place(uuid4()), places.place(workspace_id):
        one_is_free = dry_run()
        with places.place(workspace_id):
            own_are_taken = dry_run()
    with places.place(uuid4()), places.place(uuid4()), places.place(uuid4()), places.place(uuid4()):
        all_are_taken = dry_run()
        without_upload = client.post("/v1/runs?dry_run=true", json=spec())
    afterwards = dry_run()

    for refused in (own_are_taken, all_are_taken):
        assert check_problem(refused)["status"] == 429
        assert int(refused.headers["Retry-After"]) >= 1
    assert "2 dry runs with uploads are checked of one workspace" in own_are_taken.json()["detail"]
    assert "4 dry runs with uploads are checked at" in all_are_taken.json()["detail"]
    assert {one_is_free.status_code, without_upload.status_code, afterwards.status_code} == {200}
