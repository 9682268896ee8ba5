"""Runs with each loss: scores and baselines equal a computation from the published predictions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.telemetry import DoubleArray
from tests.worker.scoring.test_published_predictions import SPLITS, Run, bounds

WINDOW, HORIZON = 4, 2
LEVELS = np.array([0.1, 0.5, 0.9])
#: (predictions (N, H, Q), targets (N, H), deviation of the training part) -> metric.
Metric = Callable[[DoubleArray, DoubleArray, float], float]


def huber(predicted: DoubleArray, wanted: DoubleArray, std: float) -> float:
    size = np.abs(predicted[..., 0] - wanted)
    delta = 0.5 * std
    return float(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).mean())


def pinball(predicted: DoubleArray, wanted: DoubleArray, std: float) -> float:
    error = wanted[..., None] - predicted
    return float(np.maximum(LEVELS * error, (LEVELS - 1) * error).mean())


def deviance(predicted: DoubleArray, wanted: DoubleArray, std: float) -> float:
    rate = predicted[..., 0]
    information = np.where(wanted > 0, wanted * np.log(np.maximum(wanted, 1) / rate), 0)
    return float(2 * (information - wanted + rate).mean())


CASES: list[tuple[JsonValue, str, str, Metric]] = [
    ({"kind": "huber", "delta": 0.5}, "huber", "predict_huber_location", huber),
    ("quantile", "quantile_loss", "predict_quantiles", pinball),
    ("poisson", "poisson_deviance", "predict_mean", deviance),
]


def counts() -> DoubleArray:
    rng = np.random.default_rng(6)
    drawn: DoubleArray = rng.poisson(6 + 4 * np.sin(np.arange(120) / 4)).astype(float)
    return drawn


@pytest.mark.parametrize(("loss", "metric", "constant", "score"), CASES)
def test_a_forecast_with_a_loss_is_scored_by_its_metric(
    tmp_path: Path, loss: JsonValue, metric: str, constant: str, score: Metric
) -> None:
    values_N = counts()
    text = "y\n" + "\n".join(f"{value:g}" for value in values_N)
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "target": "y",
        "window": WINDOW,
        "horizon": HORIZON,
        "loss": loss,
    }
    run = Run(tmp_path, dataset, text)
    train_N = values_N[: bounds(120)["train"][1]]
    std, power = train_N.std(), {"huber": 2}.get(metric, 1)
    scale = train_N.mean() if metric == "poisson_deviance" else std
    assert run.facts.metric == f"{metric}_scaled"
    for split in SPLITS:
        first, end = bounds(120)[split]
        starts = range(max(first, WINDOW), end - HORIZON + 1)
        windows = [values_N[start - WINDOW : start] for start in starts]
        wanted = np.stack([values_N[start : start + HORIZON] for start in starts])
        rows = run.predict([{"timesteps": [[value] for value in window]} for window in windows])
        predicted = np.stack([one[0].reshape(HORIZON, -1) for one in rows])

        served, floors = run.served(split), run.floors(split)

        expected = score(predicted, wanted, std)
        assert served[metric] == pytest.approx(expected, rel=1e-6)
        assert served[f"{metric}_scaled"] == pytest.approx(expected / scale**power, rel=1e-6)
        middle = predicted.shape[-1] // 2
        assert served["mae"] == pytest.approx(np.abs(predicted[..., middle] - wanted).mean())
        level = best_constant(metric, train_N, std)
        flat = np.broadcast_to(level, (*wanted.shape, len(level)))
        floor = score(flat, wanted, std)
        assert floors[constant, metric] == pytest.approx(floor, rel=1e-8)


def best_constant(metric: str, train_N: DoubleArray, std: float) -> DoubleArray:
    if metric == "quantile_loss":
        quantile_Q: DoubleArray = np.quantile(train_N, LEVELS)
        return quantile_Q
    if metric == "poisson_deviance":
        return np.array([train_N.mean()])
    level = train_N.mean()
    for _ in range(2000):  # Weiszfeld's iteration
        weight_N = np.minimum(1, 0.5 * std / np.maximum(np.abs(train_N - level), 1e-300))
        level = (weight_N * train_N).sum() / weight_N.sum()
    return np.array([level])


@pytest.mark.parametrize("target", ["per_sequence", "per_step"])
@pytest.mark.parametrize(("loss", "metric", "constant", "score"), CASES)
def test_a_regression_with_a_loss_is_published_and_scored(
    tmp_path: Path, target: str, loss: JsonValue, metric: str, constant: str, score: Metric
) -> None:
    rng = np.random.default_rng(7)
    lines = ["id,x,z"]
    amounts: dict[int, float] = {}
    for name in range(40):
        amounts[name] = float(rng.poisson(5))
        lines += [f"{name},{rng.normal() + amounts[name]:.4f},{amounts[name]:g}"] * 3
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "sequence_column": "id",
        "features": ["x"],
        "label": "z",
        "target": target,
        "task": "regression",
        "loss": loss,
    }

    run = Run(tmp_path, dataset, "\n".join(lines))

    assert run.facts.metric == f"{metric}_scaled"
    assert run.facts.baselines[0].name == constant
    for split in SPLITS:
        served = run.served(split)
        assert np.isfinite(served[metric])
        assert np.isfinite(served[f"{metric}_scaled"])
    rows = run.predict([{"timesteps": [[3.0]] * 3}])[0]
    assert rows.shape == (3 if target == "per_step" else 1, 3 if metric == "quantile_loss" else 1)
