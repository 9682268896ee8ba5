"""The season is found under trends and drifts, and not in noise."""

import numpy as np
import pytest

from app.domain.suggestions.season import _period, expected_seasons, find_season
from app.domain.telemetry import DoubleArray


def wave(length: int, period: float) -> DoubleArray:
    found: DoubleArray = np.sin(2 * np.pi * np.arange(length) / period)
    return found


@pytest.mark.parametrize("season", [7, 12, 24])
def test_a_season_under_noise_and_a_trend_is_found(season: int) -> None:
    rng = np.random.default_rng()
    length = 40 * season
    series = 0.01 * np.arange(length) + wave(length, season) + 0.3 * rng.normal(size=length)

    assert find_season([series]) == season


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_a_day_of_hours_under_the_drift_of_a_year_is_24(noise: float) -> None:
    rng = np.random.default_rng(1)
    length = 2 * 365 * 24
    series = 10 * wave(length, length / 2) + wave(length, 24) + noise * rng.normal(size=length)

    assert find_season([series]) == 24


def test_a_week_of_days_that_wander_is_7() -> None:
    rng = np.random.default_rng(2)
    series = 3 * wave(700, 7) + np.cumsum(rng.normal(size=700))

    assert find_season([series]) == 7


def test_a_year_of_weeks_is_its_fraction_rounded() -> None:
    rng = np.random.default_rng(3)
    series = wave(1500, 52.18) + 0.2 * rng.normal(size=1500)

    assert find_season([series]) == 52


def test_series_of_one_kind_are_searched_together() -> None:
    rng = np.random.default_rng(4)
    series = [wave(60, 7) + 0.5 * rng.normal(size=60) for _ in range(5)]

    assert find_season(series) == 7


def test_gaps_do_not_shift_the_season() -> None:
    series = wave(300, 12)
    series[50:61] = np.nan
    series[::17] = np.nan

    assert find_season([series]) == 12


def test_less_is_asked_of_what_the_calendar_lets_expect() -> None:
    rng = np.random.default_rng(5)
    series = wave(48, 12) + 0.3 * rng.normal(size=48)

    assert find_season([series]) is None
    assert find_season([series], expected_seasons(30 * 86_400)) == 12
    assert find_season([series], (5, 11)) is None


@pytest.mark.parametrize(
    ("step_s", "seasons"), [(3600, (24, 168)), (86_400, (7, 5)), (12_345, ())], ids=str
)
def test_the_calendar_tells_which_seasons_are_likely(
    step_s: float, seasons: tuple[int, ...]
) -> None:
    assert expected_seasons(step_s) == seasons


@pytest.mark.parametrize(
    "series",
    [
        np.ones(500),
        np.zeros(500),
        np.array([1.0, 2.0]),
        np.full(100, np.nan),
        np.linspace(3.0, 7.0, 500),
        np.linspace(0.0, 1.0, 32) ** 2,
        np.linspace(0.0, 1.0, 400) ** 2,
    ],
    ids=["ones", "zeros", "two", "missing", "line", "short curve", "curve"],
)
def test_what_never_comes_back_has_no_season(series: DoubleArray) -> None:
    assert find_season([series]) is None


@pytest.mark.parametrize("length", [60, 300, 1000])
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 1.0])
def test_noise_and_walks_have_no_season(memory: float, length: int) -> None:
    rng = np.random.default_rng(6)
    series = rng.normal(size=(length, 50))
    for t in range(1, length):
        series[t] += memory * series[t - 1]

    found = [find_season([one]) for one in series.T]

    assert sum(season is not None for season in found) <= 3


def test_an_autocorrelation_that_never_falls_below_0_has_no_peak() -> None:
    assert _period([np.ones(60)], ()) is None
