"""What an upload's profile says, and the season it finds."""

import numpy as np
import pytest

from app.domain.datasets import ColumnType, parse_csv
from app.domain.profiles import find_season, profile_csv, profile_text


def test_a_profile_counts_missing_cells_and_gives_the_range() -> None:
    table = parse_csv("when,shop,sold\n2024-01-01,a,3\n2024-01-02,b,\n2024-01-03,a,5\n")

    profile = profile_csv(table)

    by_name = {column.name: column for column in profile.columns}
    assert profile.rows == 3
    assert by_name["sold"].missing == 1
    assert (by_name["sold"].min, by_name["sold"].max, by_name["sold"].mean) == (3, 5, 4)
    assert by_name["shop"].labels == ("a", "b")
    assert by_name["when"].type is ColumnType.DATETIME
    assert profile.suggested.target == "sold"
    assert profile.suggested.time_column == "when"


@pytest.mark.parametrize("season", [7, 12, 24])
def test_a_season_under_noise_and_a_trend_is_found(season: int) -> None:
    rng = np.random.default_rng()
    time = np.arange(40 * season)
    series = 0.01 * time + np.sin(2 * np.pi * time / season) + 0.3 * rng.normal(size=time.size)

    assert find_season(series) == season


def test_white_noise_and_constants_have_no_season() -> None:
    assert find_season(np.random.default_rng(3).normal(size=2000)) is None
    assert find_season(np.ones(500)) is None
    assert find_season(np.array([1.0, 2.0])) is None
    assert find_season(np.full(100, np.nan)) is None
    assert find_season(np.linspace(3.0, 7.0, 500)) is None


def test_a_slow_drift_that_never_comes_back_has_no_season() -> None:
    assert find_season(np.linspace(0.0, 1.0, 32) ** 2) is None


def test_a_rising_year_is_time_and_not_a_target() -> None:
    rows = "".join(f"{1700 + year},{50 + 40 * np.sin(year / 1.75):.1f}\n" for year in range(300))

    suggested = profile_csv(parse_csv("year,activity\n" + rows)).suggested

    assert (suggested.target, suggested.time_column, suggested.season) == ("activity", "year", 11)
    assert suggested.window == 22


def test_a_file_of_labels_suggests_no_target() -> None:
    suggested = profile_csv(parse_csv("word\na\nb\n")).suggested

    assert suggested.target is None


def test_huge_numbers_do_not_overflow_the_mean() -> None:
    (column,) = profile_csv(parse_csv("x\n1e308\n1.5e308\n")).columns

    assert column.mean == pytest.approx(1.25e308)


def test_a_text_profile_counts_characters_and_symbols() -> None:
    profile = profile_text("abba\ncab")

    assert (profile.characters, profile.lines, profile.distinct_symbols) == (8, 2, 4)
    assert profile.symbols == "\nabc"
