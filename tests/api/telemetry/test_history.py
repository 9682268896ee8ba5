"""Histories over HTTP: what a worker stored comes back bit for bit, and no spike is lost."""

import csv
import io
import time

import httpx
import numpy as np
import pytest

from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, path_of, record, started_run
from tests.store.builders import TENSORS, a_profile


def test_stored_values_come_back_bit_for_bit(clinic: Clinic, client: httpx.Client) -> None:
    bits = np.random.default_rng().integers(0, 2**32, size=900, dtype=np.uint32)
    loss = np.concatenate([bits.view(np.float32), np.array([1e-45, -0.0, 0.1, 3.4e38], "f4")])
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(loss))

    history = client.get(path_of(run.id, "history"), params={"quantity": "loss"}).json()

    (series,) = history["series"]
    names = {entry["step"]: entry["value"] for entry in series["non_finite"]}
    back = [
        float(names[step]) if value is None else value
        for step, value in zip(series["steps"], series["values"], strict=True)
    ]
    np.testing.assert_array_equal(np.array(back, dtype=np.float32), loss)
    assert history["method"] == "all"
    assert (history["first_step"], history["last_step"]) == (0, loss.size - 1)
    assert history["num_readings"] == loss.size
    assert 0.1 in series["values"]


def test_a_long_run_is_thinned_out_but_keeps_spikes_and_nan(
    clinic: Clinic, client: httpx.Client
) -> None:
    loss = np.random.default_rng(0).random(20_000).astype(np.float32)
    loss[[1234, 15_000]] = 1e20, np.nan
    run = started_run(clinic)
    for seq, start in enumerate(range(0, loss.size, 5000)):
        part = batch_of(loss[start : start + 5000], first_step=start)
        record(clinic, run, seq=seq, batch=part)

    asked = {"quantity": "loss", "max_points": "200"}
    history = client.get(path_of(run.id, "history"), params=asked).json()

    (series,) = history["series"]
    stats, finite = series["stats"], loss[np.isfinite(loss)].astype(np.float64)
    assert history["method"] == "extrema"
    assert len(series["steps"]) <= 201
    assert {0, 1234, 15_000, 19_999} <= set(series["steps"])
    assert series["non_finite"] == [{"step": 15_000, "value": "nan"}]
    assert stats["max"] == 1e20
    assert (stats["count"], stats["num_finite"]) == (20_000, 19_999)
    assert stats["p50"] == pytest.approx(np.percentile(finite, 50))
    assert stats["mean"] == pytest.approx(finite.mean())


def test_steps_scopes_and_axes_are_as_asked(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
    asked: dict[str, str | list[str]] = {
        "quantity": "grad_norm",
        "scope": ["model", f"tensor:{TENSORS[1]}"],
        "from_step": "3",
        "to_step": "5",
        "x": "elapsed_s",
    }

    whole, tensor = client.get(path_of(run.id, "history"), params=asked).json()["series"]

    assert (whole["scope"], whole["steps"], whole["values"]) == ("model", [3, 4, 5], [1, 1, 1])
    assert tensor["values"] == [3 * 3 + 1, 4 * 3 + 1, 5 * 3 + 1]
    assert tensor["x"] == [0.03, 0.04, 0.05]


def test_metrics_and_probe_scalars_are_served_the_same_way(
    clinic: Clinic, client: httpx.Client
) -> None:
    readings = (
        ScalarReading(step=0, quantity="mse", scope=Scope.parse("validation"), value=0.1 + 0.2),
        ScalarReading(step=5, quantity="mse", scope=Scope.parse("validation"), value=float("inf")),
        ScalarReading(step=5, quantity="mse", scope=Scope.parse("train"), value=0.5),
    )
    run = started_run(clinic)
    batch = batch_of([1.0] * 10, readings=(*readings, a_profile(), a_profile(step=5)))
    record(clinic, run, seq=0, batch=batch)

    asked = {"quantity": ["mse", "gradient_horizon", "decay_rate"], "x": "time"}
    found = client.get(path_of(run.id, "history"), params=asked).json()["series"]

    train, validation, horizon, decay = found
    assert (train["scope"], train["values"]) == ("train", [0.5])
    assert validation["values"] == [0.1 + 0.2, None]
    assert validation["non_finite"] == [{"step": 5, "value": "inf"}]
    assert (horizon["scope"], horizon["steps"], horizon["values"]) == ("model", [0, 5], [1, 1])
    assert decay["values"] == [-0.25, -0.25]
    assert validation["x"][0].endswith("Z")


def test_csv_has_every_reading_with_its_words_for_nan(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    bits = np.random.default_rng().integers(0, 2**32, size=2000, dtype=np.uint32)
    special = np.array([0.1, np.nan, np.inf, -np.inf, 1e-45], dtype=np.float32)
    loss = np.concatenate([special, bits.view(np.float32)])
    record(clinic, run, seq=0, batch=batch_of(loss))

    answer = client.get(
        path_of(run.id, "history"), params={"quantity": "loss"}, headers={"Accept": "text/csv"}
    )

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert list(rows[0]) == ["step", "recorded_at", "quantity", "scope", "value"]
    assert [row["value"] for row in rows[:5]] == ["0.1", "nan", "inf", "-inf", "1e-45"]
    back = np.array([float(row["value"]) for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(back, loss)


def test_a_poller_that_has_seen_it_gets_304(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    first = client.get(path_of(run.id, "history"))
    known = {"If-None-Match": first.headers["ETag"]}

    assert client.get(path_of(run.id, "history"), headers=known).status_code == 304
    record(clinic, run, seq=1, batch=batch_of([2.0], first_step=1))
    assert client.get(path_of(run.id, "history"), headers=known).status_code == 200


def test_a_run_without_readings_has_empty_series(client: httpx.Client) -> None:
    run = post_run(client)

    asked = {"quantity": ["loss", "gate_mean", "weight_norm"], "x": "elapsed_s"}
    history = client.get(path_of(run["id"], "history"), params=asked).json()

    assert (history["first_step"], history["num_readings"]) == (None, 0)
    assert [one["steps"] for one in history["series"]] == [[], [], []]
    assert history["series"][0]["stats"]["count"] == 0


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("quantity=lost", "query/quantity"),
        ("quantity=loss&scope=nowhere", "query/scope"),
        ("max_points=3", "query/max_points"),
        ("from_step=-1", "query/from_step"),
        ("from_step=99999999999999999999", "query/from_step"),
        ("x=moon", "query/x"),
        ("quantity=%00", "query/quantity/0"),
        ("quantities=loss", "query/quantities"),
    ],
)
def test_a_wrong_query_is_told_its_place(
    clinic: Clinic, client: httpx.Client, query: str, pointer: str
) -> None:
    run = started_run(clinic)

    answer = client.get(f"{path_of(run.id, 'history')}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_an_unknown_quantity_is_answered_with_those_there_are(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)

    detail = client.get(path_of(run.id, "history"), params={"quantity": "lost"}).json()["detail"]

    assert "grad_norm" in detail
    assert "spectral_radius" in detail


def test_another_workspace_sees_nothing(clinic: Clinic) -> None:
    run = started_run(clinic)

    with clinic.client(clinic.other_key) as stranger:
        for part in ("history", "gradient-flow", "diagnosis", "events"):
            assert stranger.get(path_of(run.id, part)).status_code == 404


def test_what_cannot_be_answered_in_the_wanted_form_is_406(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)

    answer = client.get(path_of(run.id, "history"), headers={"Accept": "image/png"})

    assert (answer.status_code, answer.json()["status"]) == (406, 406)


@pytest.mark.alone
def test_a_hundred_thousand_steps_are_answered_in_a_moment(
    clinic: Clinic, client: httpx.Client
) -> None:
    loss = np.random.default_rng(0).random(256).astype(np.float32)
    run = started_run(clinic)
    for seq in range(391):
        record(clinic, run, seq=seq, batch=batch_of(loss, first_step=256 * seq))

    started_at = time.perf_counter()
    asked = {"quantity": ["loss", "grad_norm"]}
    history = client.get(path_of(run.id, "history"), params=asked).json()
    seconds = time.perf_counter() - started_at

    assert history["num_readings"] == 391 * 256
    # about 0.1 s; the bound leaves room for a busy machine
    assert seconds < 2
