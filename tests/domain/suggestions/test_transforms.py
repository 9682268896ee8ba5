"""Transforms are suggested where the level drifts or changes grow with it, and not for noise."""

import numpy as np
import pytest

from app.domain.suggestions.transforms import drifts, grows_with_level, transforms_of
from app.domain.telemetry import DoubleArray
from tests.domain.suggestions.builders import csv, dataset_for, day, series

RNG = np.random.default_rng(9)
NOISE: DoubleArray = RNG.normal(size=240)
TREND: DoubleArray = np.linspace(10, 60, 240)


@pytest.mark.parametrize(
    ("values", "has_drift", "grows"),
    [
        (NOISE, False, False),
        (100 + NOISE, False, False),
        (TREND + NOISE, True, False),
        (np.abs(TREND * (1 + 0.1 * NOISE)), True, True),
        (-TREND * (1 + 0.1 * NOISE), True, False),
        (np.abs(TREND * (1 + 0.1 * NOISE)) / 1000, True, False),
        (np.r_[np.zeros(120), TREND[120:] + NOISE[120:]], True, False),
        (TREND[:5], False, False),
        (np.empty(0), False, False),
    ],
    ids=["noise", "level", "trend", "growing", "negative", "small", "zeros", "short", "none"],
)
def test_what_asks_for_a_transform(values: DoubleArray, *, has_drift: bool, grows: bool) -> None:
    assert drifts(values) == has_drift
    assert grows_with_level(values) == grows


def test_most_series_decide() -> None:
    growing = np.abs(TREND * (1 + 0.1 * NOISE))
    growing[3] = np.nan

    few, _ = transforms_of([growing, NOISE, NOISE], lag=1)
    most, reasons = transforms_of([growing, growing, NOISE], lag=12)

    assert few == ()
    assert [part.model_dump() for part in most] == [
        {"kind": "log1p"},
        {"kind": "difference", "lag": 12},
    ]
    assert len(reasons) == 2


def test_a_series_with_a_trend_and_a_season_is_differenced_by_its_season() -> None:
    rows = series(
        300, lambda index: (day(index), f"{index / 10 + (index % 7) ** 2 / 5 + NOISE[index % 97]}")
    )

    dataset = dataset_for(csv("date,x", rows))

    assert dataset["season"] == 7
    assert dataset["transform"] == [{"kind": "difference", "lag": 7}]


def test_counts_with_many_zeros_keep_their_loss_and_have_no_transform() -> None:
    rows = series(200, lambda index: (day(index), 0 if index % 3 else index // 10))

    dataset = dataset_for(csv("date,x", rows))

    assert dataset["loss"] == {"kind": "poisson"}
    assert dataset["transform"] == []
