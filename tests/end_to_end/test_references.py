"""A run serves what simple models reach on its data, computed once for each data set spec."""

import math
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest

from tests.end_to_end.conftest import Owner

RNG = np.random.default_rng(0)
LEVELS = np.exp(np.cumsum(RNG.normal(0.01, 0.02, 300)))
SERIES = "y\n" + "\n".join(f"{value:.8g}" for value in LEVELS)
FORECAST: Mapping[str, object] = {
    "kind": "forecast",
    "target": "y",
    "window": 6,
    "transform": ["log1p", "difference"],
}


def uploaded(owner: Owner) -> str:
    query = {"name": "levels", "kind": "csv"}
    answer = owner.http.post("/v1/datasets", params=query, content=SERIES.encode())
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return str(answer.json()["id"])


def ended(owner: Owner, dataset: Mapping[str, object]) -> dict[str, Any]:
    run_id = owner.post_run(
        {
            "model": {"kind": "gru", "hidden_size": 4},
            "dataset": dict(dataset),
            "training": {"num_steps": 6, "evaluate_every": 3},
        }
    )
    owner.wait_until(lambda: owner.run(run_id)["status"] == "succeeded")
    run: dict[str, Any] = owner.run(run_id)
    return run


def test_a_forecast_has_a_reference_in_the_units_of_the_file(owner: Owner) -> None:
    dataset = {**FORECAST, "dataset_id": uploaded(owner)}

    first, again = ended(owner, dataset), ended(owner, dataset)

    reference = first["reference"]
    assert reference["metric"] == first["baseline"]["metric"] == "mse"
    assert set(reference["scores"]) == {"train", "validation", "test"}
    # a random walk with drift: the naive forecast is nearly as good
    naive = np.square(np.diff(LEVELS)[-45:]).mean()
    assert first["baseline"]["scores"]["test"] == pytest.approx(naive, rel=1e-4)
    assert 0.5 * naive < reference["scores"]["test"] < 1.2 * naive
    assert again["reference"] == reference


def test_a_generated_task_with_a_known_best_score_has_none(owner: Owner) -> None:
    run = ended(owner, {"kind": "adding", "length": 10})

    assert run["reference"] is None
    assert math.isclose(run["task"]["attainable"], 0)
