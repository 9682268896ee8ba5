"""Scores of a run, computed from its file and from what its published program predicts.

Splits, windows, metrics and baselines are written out here; nothing of them is the service's.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.seeding import numpy_generator
from app.domain.telemetry import DoubleArray

SPLITS = ("train", "validation", "test")
#: Windows or sequences that are scored; more are thinned out evenly.
MOST_SCORED = {"train": 256, "validation": 1024, "test": 1024}
Json = Mapping[str, Any]


@dataclass(kw_only=True)
class Asked:
    """What is predicted of one split, and the truth."""

    inputs: list[Json] = field(default_factory=list)
    #: One array for each input, NaN where nothing was measured; or the class of each input.
    wanted: list[Any] = field(default_factory=list)
    #: Name of a trivial predictor -> its answer for each input.
    told: dict[str, list[Any]] = field(default_factory=dict)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def bounds(num_rows: int, split: Json) -> dict[str, tuple[int, int]]:
    first = round(num_rows * split["train"])
    second = round(num_rows * (split["train"] + split["validation"]))
    return {"train": (0, first), "validation": (first, second), "test": (second, num_rows)}


def number(cell: str) -> float:
    return float(cell) if cell.strip() else math.nan


def series_of(dataset: Json, text: str) -> Iterator[tuple[str | None, DoubleArray, DoubleArray]]:
    """Label, (n, F) values without gaps, and (n,) measured targets; the files are in time order."""
    column = dataset["series_column"]
    grouped: dict[str | None, list[list[float]]] = {}
    names = [dataset["target"], *dataset["features"]]
    for row in rows_of(text):
        label = None if column is None else row[column].strip()
        grouped.setdefault(label, []).append([number(row[name]) for name in names])
    for label, cells in grouped.items():
        raw_nF = np.array(cells)
        whole_nF = raw_nF.copy()
        for place in range(1, len(whole_nF)):
            gaps = np.isnan(whole_nF[place])
            whole_nF[place, gaps] = whole_nF[place - 1, gaps]
        kept_n = ~np.isnan(whole_nF).any(axis=1)
        yield label, whole_nF[kept_n], raw_nF[kept_n, 0]


def thinned(starts: Sequence[Any], split: str) -> list[Any]:
    most = MOST_SCORED[split]
    if len(starts) <= most:
        return list(starts)
    return [starts[place] for place in np.linspace(0, len(starts) - 1, most).round().astype(int)]


def windows_of(dataset: Json, text: str) -> dict[str, Asked]:
    """The windows of a forecast that are scored, with what trivial predictors say."""
    window, horizon, season = dataset["window"], dataset["horizon"], dataset["season"]
    lags = [part.get("lag", 0) for part in dataset["transform"]]
    before = window + sum(lags)
    starts: dict[str, list[Any]] = {split: [] for split in SPLITS}
    for label, values_nF, measured_n in series_of(dataset, text):
        ends = bounds(len(values_nF), dataset["split"])
        for split, (first, end) in ends.items():
            for start in range(max(first, before), end - horizon + 1):
                if not np.isnan(measured_n[start : start + horizon]).all():
                    starts[split].append((label, values_nF, measured_n, ends["train"][1], start))
    found: dict[str, Asked] = {}
    for split in SPLITS:
        asked = found[split] = Asked()
        for label, values_nF, measured_n, num_train, start in thinned(starts[split], split):
            timesteps = values_nF[start - before : start].tolist()
            series = {} if label is None else {"series": label}
            asked.inputs.append({**series, "timesteps": timesteps})
            asked.wanted.append(measured_n[start : start + horizon])
            known_n = measured_n[:num_train]
            told = told_of(values_nF[:, 0], known_n, start, horizon=horizon, season=season)
            for name, answer in told.items():
                asked.told.setdefault(name, []).append(answer)
    return found


def told_of(
    target_n: DoubleArray, known_n: DoubleArray, start: int, *, horizon: int, season: int | None
) -> dict[str, DoubleArray]:
    """What each trivial predictor says at a row; `known_n` are the training values."""
    told = {
        "predict_mean": np.full(horizon, np.nanmean(known_n)),
        "predict_median": np.full(horizon, np.nanmedian(known_n)),
        "naive": np.full(horizon, target_n[start - 1]),
    }
    if season is not None:
        again = [start + step - season * (step // season + 1) for step in range(horizon)]
        told["seasonal_naive"] = target_n[again]
    return told


def errors(answers: DoubleArray, wanted: DoubleArray) -> dict[str, float]:
    error = answers - wanted
    mse = float(np.nanmean(error**2))
    return {"mse": mse, "mae": float(np.nanmean(np.abs(error))), "rmse": mse**0.5}


def sequences_of(dataset: Json, text: str) -> dict[str, Asked]:
    """The labelled sequences that are scored, one label for each; the seed draws the splits."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(text):
        grouped.setdefault(row[dataset["sequence_column"]], []).append(row)
    names = sorted(grouped, key=float)
    order = numpy_generator(dataset["seed"], "split").permutation(len(names))
    found: dict[str, Asked] = {}
    learned: list[str] = []
    for split, (first, end) in bounds(len(names), dataset["split"]).items():
        asked = found[split] = Asked()
        for place in order[first:end]:
            rows = grouped[names[place]]
            if split == "train":
                learned.append(rows[0][dataset["label"]])
            features = [[float(row[name]) for name in dataset["features"]] for row in rows]
            asked.inputs.append({"timesteps": features})
            asked.wanted.append(rows[0][dataset["label"]])
        asked.inputs = asked.inputs[: MOST_SCORED["train"]]
    classes = sorted({row[dataset["label"]] for row in rows_of(text)}, key=float)
    shares = np.array([learned.count(label) / len(learned) for label in classes])
    for asked in found.values():
        asked.wanted = [classes.index(label) for label in asked.wanted]
        asked.told["class_frequencies"] = [shares] * len(asked.wanted)
    return found


def surprise(shares: Sequence[DoubleArray], wanted: Sequence[int]) -> float:
    return float(np.mean([-np.log(one[code]) for one, code in zip(shares, wanted, strict=True)]))
