"""Reference models see what a task allows, and say nothing more."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.task import Reference
from app.domain.telemetry import DoubleArray
from tests.worker.references.uploads import as_sequences, column, forecast, generated, made
from worker.datasets.task import Task
from worker.references.fit import fit_reference

RNG = np.random.default_rng


def fitted(made_task: tuple[object, Task]) -> tuple[Reference, Task]:
    spec, task = made_task
    reference = fit_reference(spec, task)  # type: ignore[arg-type] # any data set spec
    assert reference is not None
    return reference, task


def score(reference: Reference, metric: str, split: str = "test") -> float:
    value = reference.metrics[split][metric]  # type: ignore[index] # a split's name
    assert value is not None
    return value


def floor(task: Task, split: str = "test") -> float:
    assert task.facts.baseline is not None
    return task.facts.baseline.score_on(split)  # type: ignore[arg-type] # a split's name


@pytest.mark.parametrize("length", [30, 100])
def test_the_order_of_two_symbols_among_distractors_is_seen(length: int) -> None:
    reference, _ = fitted(generated("temporal_order", length=length, size=600))

    # four classes, equally likely
    assert reference.name == "reservoir"
    assert score(reference, "accuracy") > 0.95
    assert score(reference, "cross_entropy") < 0.1 * math.log(4)


def test_products_of_inputs_are_seen() -> None:
    reference, _ = fitted(generated("adding", length=30, size=600, task="regression"))

    assert reference.name == "reservoir"
    assert score(reference, "mse") < 0.01 / 6


def test_a_chaotic_map_is_seen_where_no_linear_model_sees_it() -> None:
    values = [0.1]
    while len(values) < 1500:
        values.append(3.9 * values[-1] * (1 - values[-1]))

    reference, _ = fitted(forecast(column(values)))

    assert reference.name == "reservoir"
    assert score(reference, "r2" if "r2" in reference.metrics["test"] else "mse_scaled") < 1e-3


def test_nothing_beats_the_naive_forecast_of_a_random_walk() -> None:
    reference, task = fitted(forecast(column(np.cumsum(RNG(0).normal(size=2000)))))

    assert score(reference, "mse_scaled") == pytest.approx(floor(task), rel=0.03)
    assert reference.are_residuals_white is True
    assert reference.nonlinear_score == pytest.approx(
        score(reference, "mse_scaled", "validation"), rel=0.03
    )


def test_nothing_beats_the_mean_of_white_noise() -> None:
    reference, task = fitted(forecast(column(RNG(1).normal(size=2000))))

    assert score(reference, "mse_scaled") == pytest.approx(floor(task), rel=0.05)
    assert reference.are_residuals_white is True


def test_a_season_is_seen() -> None:
    rng, hours = RNG(2), np.arange(2000)
    values = 10 + 3 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 0.5, 2000)

    reference, _ = fitted(forecast(column(values), window=48, horizon=24, season=24))

    assert score(reference, "mse") == pytest.approx(0.25, rel=0.15)


def _ar(size: int, seed: int) -> DoubleArray:
    noise_n = RNG(seed).normal(size=size)
    values_n = np.zeros(size)
    for place in range(1, size):
        values_n[place] = 0.8 * values_n[place - 1] + noise_n[place]
    return values_n


@pytest.mark.parametrize(
    ("loss", "metric", "least"),
    [
        # of a standard normal error: its variance, its mean size
        ("mse", "mse", 1.0),
        ("mae", "mae", math.sqrt(2 / math.pi)),
        # the density at the 10th percentile, and one fifth of that at the median for each level
        (
            {"kind": "quantile", "levels": [0.1, 0.9]},
            "quantile_loss",
            math.exp(-0.5 * 1.2815515655**2) / math.sqrt(2 * math.pi),
        ),
    ],
)
def test_each_loss_is_minimised_itself(loss: JsonValue, metric: str, least: float) -> None:
    reference, _ = fitted(forecast(column(_ar(4000, 3)), loss=loss, window=4))

    assert score(reference, metric) == pytest.approx(least, rel=0.08)


def test_counts_are_fitted_by_their_rate() -> None:
    rng = RNG(4)
    rate_n = np.exp(1 + np.sin(np.arange(3000) / 5))

    reference, task = fitted(forecast(column(rng.poisson(rate_n)), loss="poisson", window=32))

    # the deviance of a Poisson variable is about 1 where its rate is known
    assert score(reference, "poisson_deviance") < 1.3
    assert score(reference, "poisson_deviance_scaled") < 0.5 * floor(task)


def test_series_of_a_panel_are_scaled_each_by_itself() -> None:
    rows = [
        f"{name},{t},{value * factor + shift:.8g}"
        for name, factor, shift, seed in (("a", 1, 0, 5), ("b", 1e4, 1e6, 6), ("c", 1e-3, 2, 7))
        for t, value in enumerate(_ar(800, seed))
    ]

    reference, _ = fitted(
        forecast("name,t,y\n" + "\n".join(rows), series_column="name", time_column="t", window=4)
    )

    # 1 - 0.8² of the variance is noise
    assert score(reference, "mse_scaled") == pytest.approx(0.36, rel=0.2)


def test_targets_that_were_filled_in_are_neither_fitted_nor_scored() -> None:
    values = _ar(3000, 8)
    is_gap = RNG(9).random(3000) < 0.5
    lines = ["" if gap else f"{value:.8g}" for value, gap in zip(values, is_gap, strict=True)]
    upload = "t,y\n" + "\n".join(f"{t},{line}" for t, line in enumerate(lines))

    reference, task = fitted(forecast(upload, missing="forward_fill", window=8, horizon=2))

    num_measured = int((~torch.isnan(task.evaluation["test"].targets)).sum())
    assert num_measured < 0.75 * task.evaluation["test"].targets.numel()
    # measured targets are as hard as without gaps, or harder; filled ones would be trivial
    assert score(reference, "mse") > 0.9


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"transform": ["log1p", "difference"]}, 1.05),
        ({"transform": ["log1p", "difference"], "horizon": 3, "loss": "mae"}, 1.05),
        # the growth of what is learned is not proportional to the level any more
        ({"transform": ["difference"]}, 1.25),
        ({"scaling": "per_window"}, 1.25),
    ],
    ids=str,
)
def test_a_transformed_target_is_scored_in_its_own_units(
    options: dict[str, JsonValue], allowed: float
) -> None:
    # growth of 1 % a step with noise of 2 %: the forecast is the last value and its growth
    levels = np.exp(np.cumsum(RNG(16).normal(0.01, 0.02, 1000)))
    horizon = 3 if "horizon" in options else 1
    starts = range(850, 1000 - horizon + 1)
    ahead = np.arange(1, horizon + 1)
    errors = np.array(
        [levels[at : at + horizon] - levels[at - 1] * np.exp(0.0102 * ahead) for at in starts]
    )

    reference, task = fitted(forecast(column(levels), **options))

    assert task.evaluation["test"].num_sequences == len(starts)
    for metric, least in (("mse", np.square(errors).mean()), ("mae", np.abs(errors).mean())):
        assert 0.95 * least < score(reference, metric) < allowed * least


def test_each_timestep_can_have_a_target() -> None:
    rng = RNG(10)
    rows = ["s,x,y"]
    for sequence in range(80):
        bits = rng.integers(0, 2, rng.integers(10, 30))
        parity = 0
        for place, bit in enumerate(bits):
            parity = int(bits[max(0, place - 1) : place + 1].sum() % 2)
            rows.append(f"{sequence},{bit},{'odd' if parity else 'even'}")
    spec: dict[str, JsonValue] = {
        "kind": "sequences",
        "sequence_column": "s",
        "features": ["x"],
        "label": "y",
        "target": "per_step",
    }

    reference, _ = fitted(made(spec, "\n".join(rows)))

    # the parity of two bits is a product
    assert reference.name == "reservoir"
    assert score(reference, "accuracy") > 0.99


def test_classes_without_a_cause_are_not_learned() -> None:
    rng = RNG(11)

    reference, task = fitted(as_sequences(rng.normal(size=(12, 400, 2)), rng.integers(0, 3, 400)))

    assert score(reference, "cross_entropy") > 0.97 * floor(task)
    assert reference.are_residuals_white is None


def test_the_score_is_computed_on_the_rows_of_the_run() -> None:
    spec, task = forecast(column(_ar(400, 12)), window=3)
    reference, _ = fitted((spec, task))

    targets = {split: batch.targets.numel() for split, batch in task.evaluation.items()}
    assert set(reference.metrics) == set(targets)
    variances = {
        split: truth.scores(np.zeros((targets[split], 1))) for split, truth in task.truths.items()
    }
    for split, metrics in reference.metrics.items():
        assert set(metrics) == set(variances[split])


def test_the_test_part_decides_nothing() -> None:
    spec, task = forecast(column(_ar(600, 13)), window=3)
    other = task.evaluation["test"]
    changed = replace(other, targets=other.targets.flip(0) * -5)
    bent = replace(task, evaluation={**task.evaluation, "test": changed})

    (first, _), (second, _) = fitted((spec, task)), fitted((spec, bent))

    assert first.source == second.source
    assert first.metrics["validation"] == second.metrics["validation"]


def test_two_fits_are_equal() -> None:
    made_task = generated("temporal_order", length=20, size=200)

    assert fitted(made_task) == fitted(made_task)


def test_without_a_validation_part_the_first_model_is_taken() -> None:
    split: dict[str, JsonValue] = {"train": 0.8, "validation": 0.0, "test": 0.2}

    reference, _ = fitted(forecast(column(_ar(2000, 14)), split=split, window=4))

    assert reference.name == "lags"
    assert "penalty 0.01" in reference.source
    assert score(reference, "mse") == pytest.approx(1.0, rel=0.15)
    assert reference.nonlinear_score is None


def test_a_task_whose_sequences_are_drawn_anew_has_none() -> None:
    spec, task = made({"kind": "adding", "length": 10}, None)

    assert fit_reference(spec, task) is None


def test_it_says_how_many_rows_it_was_fitted_to() -> None:
    reference, task = fitted(forecast(column(_ar(500, 15)), window=4))

    assert f"of {task.data.num_items} training sequences" in reference.source
