"""Columns of a table, and the form in which they are stored."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.columnar import MAGIC, decode_table, encode_table, is_columnar
from app.domain.compact import Compact
from app.domain.datasets import read_table
from app.domain.errors import InvalidData
from app.domain.tables import Column, ColumnType, Labels, Table

NUMBER = Column.of_values("x", ColumnType.NUMBER, np.array([0.5, np.nan, 2.0]))
DATE = replace(
    Column.of_values("t", ColumnType.DATE, np.array([0.0, 86_400.5, -1.0])), time_zone="Asia/Tokyo"
)
IDS = Column(
    name="id",
    type=ColumnType.INTEGER,
    numbers=Compact(stored_N=np.array([2**53 + 1, 2**53, 2**53 + 1])),
)
WORDS = Column(
    name="w",
    type=ColumnType.TEXT,
    numbers=Compact(stored_N=np.array([1, 0, -1])),
    missing_N=np.array([False, False, True]),
    labels=("ä", "b"),
    read_as="words",
)
FLAGS = Column(
    name="f",
    type=ColumnType.BOOLEAN,
    numbers=Compact(stored_N=np.array([0, 1, -1])),
    missing_N=np.array([False, False, True]),
    labels=Labels.of(["TRUE", "false"]),
)
TABLE = Table(columns=(NUMBER, DATE, IDS, WORDS, FLAGS), num_rows=3, delimiter=";", first_row=7)


def test_a_stored_table_is_the_table_that_was_read() -> None:
    content = encode_table(TABLE)
    found = decode_table(content)

    assert is_columnar(content)
    assert (found.num_rows, found.delimiter, found.first_row) == (3, ";", 7)
    for column, given in zip(found.columns, TABLE.columns, strict=True):
        assert (column.name, column.type, column.read_as) == (given.name, given.type, given.read_as)
        assert column.values().tobytes() == given.values().tobytes()
        np.testing.assert_array_equal(column.codes(), given.codes())
        assert tuple(column.labels) == tuple(given.labels)
        assert column.num_missing == given.num_missing


def test_training_reads_the_stored_form_and_the_files_of_earlier_releases() -> None:
    assert read_table(encode_table(TABLE)).column("id").numbers.stored_N[0] == 2**53 + 1
    assert read_table(b"a,b\n1,2\n").column("b").values().tolist() == [2.0]


def test_no_text_begins_like_the_stored_form() -> None:
    with pytest.raises(UnicodeDecodeError):
        MAGIC.decode()


def test_whole_numbers_that_doubles_would_join_are_different_groups() -> None:
    codes, labels = IDS.groups()

    assert codes.tolist() == [1, 0, 1]
    assert labels == ("9007199254740992", "9007199254740993")


def test_missing_cells_are_in_no_group() -> None:
    codes, labels = NUMBER.groups()

    assert (codes.tolist(), labels) == ([0, -1, 1], ("0.5", "2"))
    assert (FLAGS.groups()[0].tolist(), tuple(FLAGS.groups()[1])) == ([0, 1, -1], ("TRUE", "false"))


def test_booleans_are_numbers_to_a_network() -> None:
    np.testing.assert_array_equal(FLAGS.values(), [1.0, 0.0, np.nan])
    assert ColumnType.BOOLEAN.is_numeric
    assert not ColumnType.DATE.is_numeric


def test_first_cells_are_shown_as_they_were_understood() -> None:
    assert NUMBER.first(2) == [0.5, None]
    assert DATE.first(5) == [
        "1970-01-01T00:00:00Z",
        "1970-01-02T00:00:00.500000Z",
        "1969-12-31T23:59:59Z",
    ]
    assert IDS.first(1) == [2**53 + 1]
    assert WORDS.first(3) == ["b", "ä", None]
    assert FLAGS.first(3) == [True, False, None]


def test_the_last_values_are_numbers_with_nan_where_missing() -> None:
    np.testing.assert_array_equal(NUMBER.tail(2), [np.nan, 2.0])
    np.testing.assert_array_equal(DATE.tail(1), [-1.0])


def test_labels_are_a_sequence_of_texts() -> None:
    labels = Labels.of(["a", "", "ö", "b"])

    assert (len(labels), labels[0], labels[-1], labels[1:3]) == (4, "a", "b", ("", "ö"))
    assert list(labels) == ["a", "", "ö", "b"]
    assert list(Labels()) == []


def test_types_of_profiles_of_earlier_releases_are_known() -> None:
    assert ColumnType("numeric") is ColumnType.NUMBER
    assert ColumnType("datetime") is ColumnType.DATE
    with pytest.raises(ValueError, match="nonsense"):
        ColumnType("nonsense")


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidData, match="there are x, t, id, w, f"):
        TABLE.column("y")


def test_a_stored_table_keeps_the_time_zone_of_its_dates() -> None:
    zones = [column.time_zone for column in decode_table(encode_table(TABLE)).columns]

    assert zones == [None, "Asia/Tokyo", None, None, None]
