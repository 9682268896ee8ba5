"""What an upload's profile says, and the season it finds."""

import numpy as np
import pytest

from app.domain.compact import Compact
from app.domain.datasets import parse_csv
from app.domain.profiles import (
    CsvProfile,
    find_season,
    profile_csv,
    profile_text,
)
from app.domain.reader_options import Choice
from app.domain.tables import Column, ColumnType, Table
from app.domain.value_counts import num_distinct


def test_a_profile_counts_missing_cells_and_gives_the_range() -> None:
    table = parse_csv("when,shop,sold\n2024-01-01,a,3\n2024-01-02,b,\n2024-01-03,a,5\n")

    profile = profile_csv(table)

    by_name = {column.name: column for column in profile.columns}
    assert profile.rows == 3
    assert by_name["sold"].missing == 1
    assert (by_name["sold"].min, by_name["sold"].max, by_name["sold"].mean) == (3, 5, 4)
    assert by_name["shop"].labels == ("a", "b")
    assert by_name["when"].type is ColumnType.DATE
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


def test_a_column_of_missing_numbers_has_no_range() -> None:
    empty = Column.of_values("x", ColumnType.NUMBER, np.array([np.nan, np.nan]))
    table = Table(columns=(empty,), num_rows=2, delimiter=",")

    (column,) = profile_csv(table).columns

    assert (column.distinct, column.missing, column.min, column.max) == (0, 2, None, None)
    assert column.mean is None


@pytest.mark.parametrize(
    ("stored", "distinct"),
    [([3, 1, 3, 2], 3), ([10**12, -5, 10**12], 2), ([0.25, -0.0, 0.0, 0.1], 3)],
)
def test_distinct_numbers_are_counted(stored: list[float], distinct: int) -> None:
    assert num_distinct(np.array(stored)) == distinct


def test_booleans_are_counted_and_named_by_their_labels() -> None:
    flags = Column(
        name="f",
        type=ColumnType.BOOLEAN,
        numbers=Compact(stored_N=np.array([0, 1, 0])),
        labels=("True", "False"),
    )
    table = Table(columns=(flags,), num_rows=3, delimiter=",")

    profile = profile_csv(table, reader={"header": Choice(value="none", chosen_because="test")})

    assert (profile.columns[0].labels, profile.columns[0].not_numeric) == (("True", "False"), None)
    assert profile.preview == ({"f": True}, {"f": False}, {"f": True})
    assert profile.reader["header"].value == "none"


def test_profiles_of_earlier_releases_are_read() -> None:
    column = {"name": "x", "type": "numeric", "missing": 0, "distinct": 2}
    suggested = dict.fromkeys(("target", "window", "season", "time_column")) | {"method": "none"}
    document = {"rows": 2, "delimiter": ",", "columns": [column], "suggested": suggested}

    assert CsvProfile.model_validate(document).columns[0].type is ColumnType.NUMBER


def test_long_whole_numbers_kept_as_text_have_no_cell_that_is_no_number() -> None:
    ids = Column(
        name="id",
        type=ColumnType.TEXT,
        numbers=Compact(stored_N=np.array([0, 1])),
        labels=("18446744073709551616", "18446744073709551617"),
    )

    (column,) = profile_csv(Table(columns=(ids,), num_rows=2, delimiter=",")).columns

    assert (column.distinct, column.not_numeric) == (2, None)
