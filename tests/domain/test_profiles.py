"""What an upload's profile says, and the season it finds."""

from uuid import UUID

import numpy as np
import pytest

from app.domain.compact import Compact
from app.domain.datasets import parse_csv
from app.domain.profiles import (
    UPLOADED_EARLIER,
    CsvProfile,
    Suggestion,
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

    profile = CsvProfile.model_validate(document)

    assert profile.columns[0].type is ColumnType.NUMBER
    assert profile.suggested.dataset is None
    assert profile.suggested.reasons == (UPLOADED_EARLIER,)


def test_a_suggestion_has_the_id_of_its_data_set_once_there_is_one() -> None:
    made, none = Suggestion(dataset={"kind": "text", "dataset_id": None}), Suggestion()

    assert made.of_dataset(UUID(int=7)).dataset == {"kind": "text", "dataset_id": str(UUID(int=7))}
    assert none.of_dataset(UUID(int=7)) == none


def test_long_whole_numbers_kept_as_text_have_no_cell_that_is_no_number() -> None:
    ids = Column(
        name="id",
        type=ColumnType.TEXT,
        numbers=Compact(stored_N=np.array([0, 1])),
        labels=("18446744073709551616", "18446744073709551617"),
    )

    (column,) = profile_csv(Table(columns=(ids,), num_rows=2, delimiter=",")).columns

    assert (column.distinct, column.not_numeric) == (2, None)
