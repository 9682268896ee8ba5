"""With a transformed target, scores equal those of the predictions, in the target's own units."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.telemetry import DoubleArray
from tests.worker.scoring.test_published_predictions import SPLITS, Run, bounds

WINDOW, HORIZON, SEASON, NUM_ROWS = 5, 6, 4, 140
ALL: list[JsonValue] = ["log1p", "difference", {"kind": "difference", "lag": SEASON}]
CALENDAR: JsonValue = ["day_of_week", "day_of_month", "month_of_year"]
#: Changes of the spec, and the rows that their transforms take.
CASES: Mapping[str, tuple[dict[str, JsonValue], int]] = {
    "log1p": ({"transform": ["log1p"]}, 0),
    "difference": ({"transform": ["difference"]}, 1),
    "seasonal": ({"transform": [{"kind": "difference", "lag": SEASON}]}, SEASON),
    "all": ({"transform": ALL}, SEASON + 1),
    "global": ({"scaling": "global"}, 0),
    "per window": ({"scaling": "per_window"}, 0),
    "calendar": ({"calendar": CALENDAR, "horizon": 1}, 0),
    "everything": ({"transform": ALL, "scaling": "per_window", "calendar": CALENDAR}, SEASON + 1),
}
#: Working days: the steps of time differ.
DAYS = np.busday_offset("2024-01-01", np.arange(NUM_ROWS), roll="forward").astype(str)


def panel() -> dict[str, DoubleArray]:
    """Two series that grow with a season, of very different sizes."""
    rng, t_N = np.random.default_rng(4), np.arange(NUM_ROWS)
    grown_N = np.exp(t_N / 60) * (2 + np.sin(2 * np.pi * t_N / SEASON))
    return {
        name: (scale * grown_N * rng.uniform(0.9, 1.1, NUM_ROWS)).round(4)
        for name, scale in (("a", 1.0), ("b", 500.0))
    }


def train(folder: Path, **changes: JsonValue) -> Run:
    lines = [
        f"{name},{day},{value}"
        for name, values_N in panel().items()
        for day, value in zip(DAYS, values_N, strict=True)
    ]
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "target": "y",
        "series_column": "name",
        "time_column": "day",
        "window": WINDOW,
        "horizon": HORIZON,
        "season": SEASON,
    }
    return Run(folder, dataset | changes, "name,day,y\n" + "\n".join(lines))


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_the_predictions_in_the_units_of_the_file(
    tmp_path: Path, name: str
) -> None:
    changes, reach = CASES[name]
    horizon = int(str(changes.get("horizon", HORIZON)))
    run = train(tmp_path, **changes)
    for split in SPLITS:
        windows, wanted, stds, naive, told = [], [], [], [], []
        first, end = bounds(NUM_ROWS)[split]
        for label, values_N in panel().items():
            train_N = values_N[: bounds(NUM_ROWS)["train"][1]]
            for start in range(max(first, WINDOW + reach), end - horizon + 1):
                begin = start - WINDOW - reach
                window: dict[str, object] = {
                    "series": label,
                    "timesteps": [[value] for value in values_N[begin:start]],
                    "times": DAYS[begin : start + horizon].tolist(),
                }
                windows.append(window)
                wanted.append(values_N[start : start + horizon])
                stds.append(train_N.std())
                naive.append(np.abs(train_N[SEASON:] - train_N[:-SEASON]).mean())
                told.append([values_N[start - 1]] * horizon)
        error = np.stack([one[0] for one in run.predict(windows)]) - np.array(wanted)

        served, floors = run.served(split), run.floors(split)

        assert served["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-6)
        assert served["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-6)
        scaled = error / np.array(stds)[:, None]
        assert served["mse_scaled"] == pytest.approx((scaled**2).mean(), rel=1e-6)
        mase = (np.abs(error) / np.array(naive)[:, None]).mean()
        assert served["mase"] == pytest.approx(mase, rel=1e-6)
        floor = ((np.array(told) - np.array(wanted)) ** 2).mean()
        assert floors["naive", "mse"] == pytest.approx(floor, rel=1e-8)


@pytest.mark.parametrize("loss", ["mse", "poisson"])
def test_a_window_without_change_has_a_finite_scale(tmp_path: Path, loss: str) -> None:
    """Most days are zero: each window is a constant."""
    values = [70.0 if t % 20 == 0 else 0.0 for t in range(200)]
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "target": "y",
        "window": WINDOW,
        "loss": loss,
        "scaling": "per_window",
    }

    run = Run(tmp_path, dataset, "y\n" + "\n".join(map(str, values)))

    starts = range(*bounds(200)["test"])
    told = run.predict([{"timesteps": [[v] for v in values[t - WINDOW : t]]} for t in starts])
    error = np.array([one[0][0] for one in told]) - np.array([values[t] for t in starts])
    assert run.served("test")["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-6)
    assert math.isfinite(run.served("train")["mse_scaled"])


def test_baselines_are_those_of_a_run_without_a_transform(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "all").mkdir()

    plain, transformed = (
        train(tmp_path / "plain"),
        train(tmp_path / "all", **CASES["everything"][0]),
    )

    for split in ("validation", "test"):
        assert transformed.floors(split) == plain.floors(split)
    assert transformed.facts.metric == plain.facts.metric


def test_quantiles_are_transformed_back_each(tmp_path: Path) -> None:
    levels, reach = np.array([0.1, 0.5, 0.9]), SEASON
    transform: list[JsonValue] = ["log1p", {"kind": "difference", "lag": SEASON}]
    run = train(tmp_path, transform=transform, loss="quantile", horizon=SEASON)
    windows, wanted = [], []
    first, end = bounds(NUM_ROWS)["test"]
    for label, values_N in panel().items():
        for start in range(first, end - SEASON + 1):
            rows = values_N[start - WINDOW - reach : start]
            windows.append({"series": label, "timesteps": [[value] for value in rows]})
            wanted.append(values_N[start : start + SEASON])
    told = np.stack([one[0] for one in run.predict(windows)]).reshape(-1, SEASON, 3)
    error = np.array(wanted)[..., None] - told

    served = run.served("test")

    pinball = np.maximum(levels * error, (levels - 1) * error).mean()
    assert served["quantile_loss"] == pytest.approx(pinball, rel=1e-6)
    assert served["mae"] == pytest.approx(np.abs(error[..., 1]).mean(), rel=1e-6)


def test_a_network_learns_the_changes_of_a_random_walk(tmp_path: Path) -> None:
    """Untrained, it forecasts nearly no change: as good as the naive forecast."""
    walk_N = 1000 + np.cumsum(np.random.default_rng(0).normal(size=300))
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "target": "y",
        "window": WINDOW,
        "transform": ["difference"],
    }

    run = Run(tmp_path, dataset, "y\n" + "\n".join(map(str, walk_N)))

    naive = run.floors("test")["naive", "mse"]
    assert naive is not None
    assert run.served("test")["mse"] < 1.2 * naive
