"""Dates that are less common: weeks, quarters, months, digits alone, names of other languages."""

import numpy as np
import pytest

from app.domain.tables import ColumnType
from tests.reading.test_read_table import DAY, OF_2020, column_of, read, refusal, table

HOUR = 3600.0


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2020-W01", "2020W53"], [-2, 362]),
        (["2020-W01-3", "2020-W01-7"], [0, 4]),
        (["2020Q1", "2020Q2"], [0, 91]),
        (["2020-Q1", "2020-q4"], [0, 274]),
        (["Q1 2020", "Q3/2020"], [0, 182]),
        (["1/2020", "02/2020"], [0, 31]),
        (["2020-Jan", "2020-Feb"], [0, 31]),
        (["2020 January 1", "2020 March 1"], [0, 60]),
        (["1. Januar 2020", "1. März 2020"], [0, 60]),
        (["1 janv. 2020", "1 févr. 2020"], [0, 31]),
        (["01-Ene-20", "01-Dic-20"], [0, 335]),
        (["01/Jan/2020 00:00:00 +0000", "02/Jan/2020 01:00:00 +0100"], [0, 1]),
        (["202001", "202002"], [0, 31]),
        (["2020010106", "2020010112"], [0.25, 0.5]),
        (["202001010600", "202001011200"], [0.25, 0.5]),
        (["20200101060000", "20200101120000"], [0.25, 0.5]),
        (["20200101T060000", "20200101T120000Z"], [0.25, 0.5]),
        (["20200101 0600", "20200101 1200"], [0.25, 0.5]),
        (["2020-01-01_06:00", "2020-01-01_12:00"], [0.25, 0.5]),
        (["2020-01-01 24:00", "2020-01-02 06:00"], [1, 1.25]),
        (["13/1/2020, 6:00:00 PM", "13/1/2020, 12:00:00 AM"], [12.75, 12]),
        (["1577836800000000", "1577836800000001"], [0, 1e-6 / DAY]),
        (["1577836800000000000", "1577923200000000000"], [0, 1]),
        (["2020-01-01T01:00:00+01:00", "2020-01-01T05:30:00+05:30"], [0, 0]),
    ],
)
def test_a_date_is_read(cells: list[str], days: list[float]) -> None:
    found = table(column_of(*cells, name="date")).column("date")

    assert found.type is ColumnType.DATE
    np.testing.assert_allclose(found.values(), [OF_2020 + DAY * each for each in days], atol=1e-6)


@pytest.mark.parametrize(
    "cells",
    [
        ["2020-W54", "2020-W01"],
        ["2021-W53", "2021-W01"],
        ["2020-W00", "2020-W01"],
        ["2020Q5", "2020Q1"],
        ["13/2020", "1/2020"],
        ["2020-01-01 24:01", "2020-01-01 1:00"],
        ["2020-01-01 00:00 CET", "2020-01-01 01:00 CET"],
        ["1:05", "25:00"],
    ],
)
def test_what_is_no_date_stays_text(cells: list[str]) -> None:
    assert table(column_of(*cells, name="date")).column("date").type is ColumnType.TEXT


@pytest.mark.parametrize(
    "cells", [["202013", "202014"], ["2020", "2021"], ["20200230", "20200301"]]
)
def test_numbers_that_are_no_calendar_dates_stay_numbers(cells: list[str]) -> None:
    assert table(column_of(*cells, name="date")).column("date").type is ColumnType.INTEGER


def test_a_month_with_two_digits_is_asked_about() -> None:
    text = column_of("Jan-20", "Feb-21", name="date")

    (problem,) = refusal(text).problems
    told = table(text, date_format="%b-%y").column("date")

    assert (problem.pointer, problem.code) == ("row/2/date", "ambiguous_date")
    assert "date_format=%b-%y" in problem.detail
    assert told.values()[0] == OF_2020
    assert table(text, date_format="none").column("date").type is ColumnType.TEXT


def test_a_number_that_is_no_day_shows_that_it_is_a_year() -> None:
    found = table(column_of("Jan-99", "Feb-99", name="date")).column("date")

    assert found.values()[1] - found.values()[0] == 31 * DAY


@pytest.mark.parametrize(
    ("zone", "offset"), [("auto", 0.0), ("Europe/Berlin", -HOUR), ("UTC", 0.0)]
)
def test_days_and_the_times_of_day_beside_them_are_one_time(zone: str, offset: float) -> None:
    text = (
        "Date;Time;P\n16/12/2019;17:24:00;4.2\n16/12/2019;17:25:00;5.3\n17/12/2019;00:00:00;5.3\n"
    )

    found = read(text, time_zone=zone).table

    assert np.diff(found.column("Date").values()).tolist() == [60, 6 * HOUR + 35 * 60]
    assert found.column("Date").values()[2] == OF_2020 - 15 * DAY + offset
    assert found.column("Date").read_as == (
        "date, day before month, with the time of day of column 'Time'"
    )
    assert found.column("Time").values()[1] == 17 * HOUR + 25 * 60


@pytest.mark.parametrize(
    "text",
    [
        "day,opens,x\n2020-01-01,9:00,1\n2020-01-02,9:00,2\n",
        "day,x,opens\n2020-01-01,1,9:00\n2020-01-01,2,10:00\n",
        "a,b,opens\n2020-01-01,2020-01-02,9:00\n2020-01-01,2020-01-03,9:00\n",
    ],
)
def test_days_with_unrelated_times_keep_their_values(text: str) -> None:
    found = table(text).columns[0]

    assert found.values()[0] == OF_2020
    assert found.read_as is None


def test_times_with_missing_halves_are_missing() -> None:
    found = table("d,t\n2020-01-01,1:00\n2020-01-01,\n,3:00\n").column("d")

    assert found.num_missing == 2
    assert found.values()[0] == OF_2020 + HOUR


def test_the_first_row_that_decides_is_told_across_chunks() -> None:
    rows = ["1/2/2020 0:00"] * 250_000 + ["13/2/2020 0:00"]
    found = read(column_of(*rows))

    assert found.choices["day_first"].chosen_because == (
        "row 250002 of column 't' has '13/2/2020 0:00'"
    )
    assert found.table.column("t").values()[[0, -1]].tolist() == [
        OF_2020 + 31 * DAY,
        OF_2020 + 43 * DAY,
    ]


def test_numbers_that_the_client_calls_times_may_be_small_or_before_1970() -> None:
    text = column_of("-86400", "0", "60", name="a")

    assert table(text, date_format="epoch_s").column("a").values().tolist() == [-DAY, 0, 60]
    assert table(text).column("a").type is ColumnType.INTEGER


@pytest.mark.parametrize(
    ("cell", "pattern"),
    [
        ("01.01.2020 00:00:00,250", "%d.%m.%Y %H:%M:%S,%f"),
        ("2020-01-01 01:00:00.25 +0100", "%Y-%m-%d %H:%M:%S.%f %z"),
    ],
)
def test_a_pattern_may_have_fractions_of_a_second(cell: str, pattern: str) -> None:
    found = table(column_of(cell, "", name="a"), date_format=pattern).column("a")

    assert found.values()[0] == OF_2020 + 0.25
    assert found.num_missing == 1
