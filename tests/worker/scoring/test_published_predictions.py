"""Scores and baselines equal a computation from the file and the published program's predictions.

The computation shares no code with the service: splits, windows and metrics are written out here.
"""

import csv
import io
import json
import math
import runpy
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.task import TaskFacts
from app.domain.telemetry import DoubleArray, ScalarReading, ScoreDetails
from tests.worker.builders import DATASET_ID, Trained, make_spec, train_spec
from worker.datasets.build import build_task
from worker.publishing.publish import Trained as Published
from worker.publishing.publish import contents_of

NUM_STEPS = 20
SPLITS = ("train", "validation", "test")


class Run:
    """A run on an upload, and the program that it published."""

    def __init__(
        self,
        folder: Path,
        dataset: Mapping[str, JsonValue],
        upload: str,
        model: Mapping[str, JsonValue] | None = None,
    ) -> None:
        spec = make_spec(
            {
                "model": {"kind": "gru", **(model or {})},
                "dataset": {"dataset_id": DATASET_ID, **dataset},
                "training": {"num_steps": NUM_STEPS, "evaluate_every": NUM_STEPS},
            }
        )
        self.trained: Trained = train_spec(spec, upload=upload.encode())
        task = build_task(spec.dataset, upload=upload.encode())
        self.facts: TaskFacts = task.facts
        self.folder = folder
        published = Published(spec=spec, task=task, outcome=self.trained.outcome)
        for name, file in contents_of(published, run_id=UUID(int=1)).items():
            (folder / name).write_bytes(file.content)

    def predict(self, inputs: Sequence[Mapping[str, object]]) -> list[DoubleArray]:
        """The rows that predict.py gives for each input.

        It runs in this process: in one of its own it would import torch anew for each call.
        """
        path, said = self.folder / "in.json", io.StringIO()
        path.write_text(json.dumps({"inputs": inputs}))
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(said):
            patched.setattr(sys, "argv", ["predict.py", str(path)])
            with pytest.raises(SystemExit) as ended:
                runpy.run_path(str(self.folder / "predict.py"), run_name="__main__")
        assert ended.value.code == 0
        return [np.array(one["rows"]) for one in json.loads(said.getvalue())["outputs"]]

    def served(self, split: str) -> dict[str, float]:
        """The metrics of the last evaluation."""
        return {
            reading.quantity: reading.value
            for reading in self.trained.of_kind(ScalarReading)
            if reading.step == NUM_STEPS and str(reading.scope) == split
        }

    def floors(self, split: str) -> dict[tuple[str, str], float | None]:
        """(baseline, metric) -> its score."""
        return {
            (floor.name, floor.metric): dict(floor.scores)[split]  # type: ignore[index] # a str
            for floor in self.facts.baselines
        }


def bounds(num_rows: int) -> dict[str, tuple[int, int]]:
    first, second = round(0.7 * num_rows), round(0.85 * num_rows)
    return {"train": (0, first), "validation": (first, second), "test": (second, num_rows)}


def panel() -> dict[str, DoubleArray]:
    """Two series of which one moves much more at its end; NaN where nothing was measured."""
    rng = np.random.default_rng(8)
    small = np.sin(np.arange(80) / 3) + rng.normal(0, 0.1, 80)
    large = 1000 + np.cumsum(rng.normal(0, np.r_[np.full(50, 1.0), np.full(30, 5.0)]))
    for series in (small, large):
        series[np.flatnonzero(rng.random(80) < 0.6)] = np.nan
        series[0] = 1.0 if series is small else 1000.0
    return {"a": small.round(3), "b": large.round(3)}


def filled(series_N: DoubleArray) -> DoubleArray:
    out = series_N.copy()
    for row in range(1, len(out)):
        if math.isnan(out[row]):
            out[row] = out[row - 1]
    return out


WINDOW, HORIZON, SEASON = 5, 3, 4


@pytest.fixture(scope="module", params=["mse", "mae"])
def forecast(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    lines = ["name,y"]
    for name, series_N in panel().items():
        lines += [f"{name}," if math.isnan(value) else f"{name},{value}" for value in series_N]
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "target": "y",
        "series_column": "name",
        "window": WINDOW,
        "horizon": HORIZON,
        "season": SEASON,
        "missing": "forward_fill",
        "loss": str(request.param),
    }
    return Run(tmp_path_factory.mktemp("forecast"), dataset, "\n".join(lines))


@dataclass(kw_only=True)
class Windows:
    """All windows of one split, in the units of the file."""

    inputs: list[dict[str, object]] = field(default_factory=list)
    #: (H,) each, NaN where nothing was measured.
    wanted: list[DoubleArray] = field(default_factory=list)
    #: Of the training part of the window's series.
    scale: list[float] = field(default_factory=list)
    naive_scale: list[float] = field(default_factory=list)
    #: What trivial predictors say.
    told: dict[str, list[DoubleArray]] = field(default_factory=dict)


def cut(split: str) -> Windows:
    found = Windows()
    for name, series_N in panel().items():
        whole_N, ends = filled(series_N), bounds(len(series_N))
        first, end = ends[split]
        train_N, measured_N = (values_N[: ends["train"][1]] for values_N in (whole_N, series_N))
        for start in range(max(first, WINDOW), end - HORIZON + 1):
            target_H = series_N[start : start + HORIZON]
            if np.isnan(target_H).all():
                continue
            window = whole_N[start - WINDOW : start]
            found.inputs.append({"series": name, "timesteps": [[value] for value in window]})
            found.wanted.append(target_H)
            found.scale.append(train_N.std())
            change_N = np.abs(measured_N[SEASON:] - measured_N[:-SEASON])
            found.naive_scale.append(float(np.nanmean(change_N)))
            for told, forecast_H in {
                "predict_mean": np.full(HORIZON, np.nanmean(measured_N)),
                "predict_median": np.full(HORIZON, np.nanmedian(measured_N)),
                "naive": np.full(HORIZON, whole_N[start - 1]),
                "seasonal_naive": whole_N[start - SEASON : start - SEASON + HORIZON],
            }.items():
                found.told.setdefault(told, []).append(forecast_H)
    return found


@pytest.mark.parametrize("split", SPLITS)
def test_a_forecast_is_scored_on_measured_values_in_their_own_units(
    forecast: Run, split: str
) -> None:
    windows = cut(split)
    predicted = np.stack([rows[0] for rows in forecast.predict(windows.inputs)])

    served = forecast.served(split)

    for metric, value in _errors(predicted, windows).items():
        assert served[metric] == pytest.approx(value, rel=1e-6), metric
    is_there = ~np.isnan(windows.wanted)
    error = np.abs(predicted - windows.wanted)[is_there]
    size = (np.abs(predicted) + np.abs(windows.wanted))[is_there]
    per_term = np.repeat(np.array(windows.naive_scale)[:, None], HORIZON, axis=1)[is_there]
    assert served["smape"] == pytest.approx((2 * error / size).mean(), rel=1e-6)
    assert served["mase"] == pytest.approx((error / per_term).mean(), rel=1e-6)


@pytest.mark.parametrize("split", SPLITS)
def test_a_forecast_is_scored_by_horizon_and_by_series(forecast: Run, split: str) -> None:
    windows = cut(split)
    error = np.abs(
        np.stack([rows[0] for rows in forecast.predict(windows.inputs)]) - windows.wanted
    )
    names = np.array([one["series"] for one in windows.inputs])

    (found,) = (one for one in forecast.trained.of_kind(ScoreDetails) if one.split == split)

    by_step: Any = found.details["horizon"]
    by_series: Any = found.details["series"]
    assert [one["mae"] for one in by_step] == pytest.approx(np.nanmean(error, axis=0), rel=1e-6)
    assert {name: one["mae"] for name, one in by_series.items()} == pytest.approx(
        {name: np.nanmean(error[names == name]) for name in ("a", "b")}, rel=1e-6
    )


@pytest.mark.parametrize("split", SPLITS)
def test_the_baselines_of_a_forecast_are_scored_on_the_same_windows(
    forecast: Run, split: str
) -> None:
    windows = cut(split)

    floors = forecast.floors(split)

    constant = "predict_mean" if forecast.facts.metric == "mse_scaled" else "predict_median"
    assert {name for name, _ in floors} == {"naive", "seasonal_naive", constant}
    for (name, metric), score in floors.items():
        expected = _errors(np.stack(windows.told[name]), windows)[metric]
        assert score == pytest.approx(expected, rel=1e-8), (name, metric)


def _errors(predicted: DoubleArray, windows: Windows) -> dict[str, float]:
    error = predicted - np.array(windows.wanted)
    scaled = error / np.array(windows.scale)[:, None]
    return {
        "mse": float(np.nanmean(error**2)),
        "mae": float(np.nanmean(np.abs(error))),
        "rmse": float(np.nanmean(error**2)) ** 0.5,
        "mse_scaled": float(np.nanmean(scaled**2)),
        "mae_scaled": float(np.nanmean(np.abs(scaled))),
        "rmse_scaled": float(np.nanmean(scaled**2)) ** 0.5,
    }


def sequences_csv() -> str:
    rng = np.random.default_rng(5)
    lines = ["id,x,z,label,amount"]
    for name in range(60):
        place = rng.normal()
        for _ in range(int(rng.integers(3, 8))):
            x = rng.normal() + place
            label = "abc"[int(np.clip(place + 1.2, 0, 2))]
            lines.append(f"{name},{x:.4f},{rng.normal():.4f},{label},{7 + 3 * place:.4f}")
    return "\n".join(lines)


def parts_of(dataset: Mapping[str, JsonValue], text: str) -> dict[str, list[str]]:
    """Which sequences are in each split: it is drawn by the seed, so the features tell it."""
    spec = make_spec({"dataset": {"dataset_id": DATASET_ID, **dataset}})
    task = build_task(spec.dataset, upload=text.encode())
    lengths: dict[str, list[str]] = {}
    rows = list(csv.DictReader(io.StringIO(text)))
    by_name: dict[str, list[float]] = {}
    for row in rows:
        by_name.setdefault(row["id"], []).append(float(row["x"]))
    usage = task.usage.input
    assert usage.kind == "numbers"
    mean, std = usage.scalings[0].mean[0], usage.scalings[0].std[0]
    for split, batch in task.evaluation.items():
        first_B = batch.inputs_TBI[0, :, 0].numpy().tolist()
        lengths[split] = [
            min(by_name, key=lambda name: abs((by_name[name][0] - mean) / std - first))
            for first in first_B
        ]
    assert sum(map(len, lengths.values())) == len(by_name)
    return lengths


@pytest.mark.parametrize("target", ["per_sequence", "per_step"])
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_sequences_are_scored_as_their_predictions_say(
    tmp_path: Path, target: str, kind: str
) -> None:
    text = sequences_csv()
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "sequence_column": "id",
        "features": ["x", "z"],
        "label": "label" if kind == "classification" else "amount",
        "target": target,
        "task": kind,
    }
    run = Run(tmp_path, dataset, text)
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        rows.setdefault(row["id"], []).append(row)
    parts, is_per_step = parts_of(dataset, text), target == "per_step"
    labels = {
        split: np.concatenate(
            [
                [one[str(dataset["label"])] for one in rows[name][0 if is_per_step else -1 :]]
                for name in names
            ]
        )
        for split, names in parts.items()
    }
    for split, names in parts.items():
        inputs: list[dict[str, object]] = [
            {"timesteps": [[float(row["x"]), float(row["z"])] for row in rows[name]]}
            for name in names
        ]
        predicted = np.concatenate(run.predict(inputs))
        served, floors = run.served(split), run.floors(split)
        if kind == "regression":
            _check_regression(served, floors, predicted[:, 0], labels, split)
        else:
            _check_classes(served, floors, predicted, labels, split)


def _check_regression(
    served: Mapping[str, float],
    floors: Mapping[tuple[str, str], float | None],
    predicted: DoubleArray,
    labels: Mapping[str, np.ndarray],
    split: str,
) -> None:
    wanted, learned = labels[split].astype(float), labels["train"].astype(float)
    mse = ((predicted - wanted) ** 2).mean()
    assert served["mse"] == pytest.approx(mse, rel=1e-6)
    assert served["mae"] == pytest.approx(np.abs(predicted - wanted).mean(), rel=1e-6)
    assert served["r2"] == pytest.approx(1 - mse / wanted.var(), abs=1e-6)
    floor = ((learned.mean() - wanted) ** 2).mean()
    assert floors["predict_mean", "mse"] == pytest.approx(floor, rel=1e-8)


def _check_classes(
    served: Mapping[str, float],
    floors: Mapping[tuple[str, str], float | None],
    predicted: DoubleArray,
    labels: Mapping[str, np.ndarray],
    split: str,
) -> None:
    classes = ["a", "b", "c"]
    wanted = np.array([classes.index(label) for label in labels[split]])
    told = predicted.argmax(axis=1)
    surprise = -np.log(predicted[np.arange(len(wanted)), wanted])
    recalls = [(told[wanted == code] == code).mean() for code in np.unique(wanted)]
    shares = np.array([(labels["train"] == label).mean() for label in classes])
    assert served["cross_entropy"] == pytest.approx(surprise.mean(), rel=1e-6)
    assert served["accuracy"] == pytest.approx((told == wanted).mean(), rel=1e-12)
    assert served["balanced_accuracy"] == pytest.approx(np.mean(recalls), rel=1e-12)
    expected = -np.log(shares)[wanted].mean()
    assert floors["class_frequencies", "cross_entropy"] == pytest.approx(expected, rel=1e-8)
    majority = (wanted == shares.argmax()).mean()
    assert floors["majority_class", "accuracy"] == pytest.approx(majority, rel=1e-8)


def test_a_text_is_scored_as_its_predictions_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    text = "".join(rng.choice(list("aabcde "), 1500))
    run = Run(tmp_path, {"kind": "text", "length": 20}, text)
    symbols = [None, *sorted(set(text))]
    learned = text[: bounds(len(text))["train"][1]]
    counts = np.array([1 + learned.count(one) if one else 1 for one in symbols])
    shares = counts / counts.sum()

    for split, (first, end) in bounds(len(text)).items():
        part = text[first:end]
        starts = range(0, len(part) - 20, 20)
        inputs: list[dict[str, object]] = [
            {"timesteps": list(part[start : start + 20])} for start in starts
        ]
        wanted = np.array(
            [[symbols.index(one) for one in part[start + 1 : start + 21]] for start in starts]
        )
        predicted = np.stack(run.predict(inputs))
        chosen = np.take_along_axis(predicted, wanted[..., None], axis=-1)[..., 0]

        served, floors = run.served(split), run.floors(split)

        bits = -np.log2(chosen).mean()
        assert served["bits_per_character"] == pytest.approx(bits, rel=1e-6)
        accuracy = (predicted.argmax(axis=-1) == wanted).mean()
        assert served["accuracy"] == pytest.approx(accuracy, rel=1e-12)
        unigram = -np.log2(shares[wanted]).mean()
        assert floors["unigram", "bits_per_character"] == pytest.approx(unigram, rel=1e-8)
