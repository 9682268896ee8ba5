"""The order of the rows and the column that tells series apart, in files as people have them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.domain.suggestions.builders import (
    WEEK,
    csv,
    dataset_for,
    day,
    series,
    shops,
    shuffle,
    sold,
    suggested_for,
)


@pytest.mark.parametrize("order", ["by day", "by shop", "shuffled", "descending"])
@pytest.mark.parametrize("header", ["day,shop,sold", "ds,unique_id,y", "when,k,amount"])
@pytest.mark.parametrize("names", ["abc", (7, 8, 9)], ids=["letters", "numbers"])
def test_a_panel_is_told_by_times_that_repeat(
    names: Sequence[object], header: str, order: str
) -> None:
    rows = shops(names)
    if order == "by shop":
        rows.sort(key=lambda row: str(row[1]))
    elif order == "shuffled":
        shuffle(rows)
    elif order == "descending":
        rows.reverse()

    dataset = dataset_for(csv(header, rows))

    time_column, series_column, target = header.split(",")
    assert dataset["kind"] == "forecast"
    assert dataset["time_column"] == time_column
    assert dataset["series_column"] == series_column
    assert dataset["target"] == target
    assert (dataset["season"], dataset["window"]) == (7, 12)
    assert dataset["features"] == []


def test_a_panel_of_whole_number_days_is_told_too() -> None:
    rows = [(number + 1, shop, sold(number, shop)) for number in range(60) for shop in range(3)]

    dataset = dataset_for(csv("day,shop,sold", rows))

    assert (dataset["time_column"], dataset["series_column"]) == ("day", "shop")
    assert dataset["season"] == 7


def test_shops_that_open_on_different_days_are_a_panel() -> None:
    rng = np.random.default_rng(1)
    rows = [row for row in shops("abc", 120) if rng.random() < 0.6]

    dataset = dataset_for(csv("day,shop,sold", rows))

    assert (dataset["time_column"], dataset["series_column"]) == ("day", "shop")


def test_two_columns_that_together_tell_series_apart_are_named() -> None:
    rows = [
        (day(number), shop, item, sold(number, 1))
        for number in range(40)
        for shop in "ab"
        for item in "xy"
    ]

    suggestion = suggested_for(csv("day,shop,item,sold", rows))

    assert suggestion.dataset is None
    assert "'shop' and 'item' together do" in suggestion.reasons[0]
    assert "joins the two" in suggestion.reasons[0]


def test_the_two_columns_may_be_among_more() -> None:
    rows = [
        (day(number), "ns"[shop // 2], f"s{shop}", item, sold(number, shop))
        for number in range(40)
        for shop in range(4)
        for item in "xy"
    ]

    suggestion = suggested_for(csv("day,region,shop,item,sold", rows))

    assert suggestion.dataset is None
    assert "'item' and 'shop' together do" in suggestion.reasons[0]


@pytest.mark.parametrize(
    "time",
    [
        lambda t: f"{t / 7:.9f}",
        lambda t: datetime(2024, 1, 1, 0, 0, 0, 333_333, UTC) + timedelta(days=t / 5),
        lambda t: datetime(2024, 1, 1, 0, 0, 0, 333_333, UTC) + timedelta(days=3 * t),
    ],
    ids=["fractions", "microseconds of days", "microseconds of months"],
)
def test_times_of_any_kind_may_repeat(time: Callable[[float], object]) -> None:
    rows = [
        (time(number / 3), number % 24, shop, sold(number, place))
        for number in range(60)
        for place, shop in enumerate("ab")
    ]

    dataset = dataset_for(csv("time,hour,shop,x", rows))

    assert (dataset["time_column"], dataset["series_column"]) == ("time", "shop")


def test_equal_times_without_a_column_for_series_are_no_time_column() -> None:
    rows: list[Sequence[object]] = [(day(number // 2), number % 9) for number in range(100)]
    shuffle(rows)

    suggestion = suggested_for(csv("day,x", rows))

    assert suggestion.dataset is None
    assert "repeat, no column tells series apart" in suggestion.reasons[0]


def test_a_row_that_occurs_twice_is_named() -> None:
    rows = shops("abc")
    rows.append((day(5), "a", 3))

    suggestion = suggested_for(csv("day,shop,sold", rows))

    assert suggestion.dataset is None
    assert "1 rows have the time of another row" in suggestion.reasons[0]
    assert "the first in row 182" in suggestion.reasons[0]


def test_rows_of_no_series_are_told() -> None:
    rows = shops("ab")
    rows[7] = (day(3), "", 5)

    suggestion = suggested_for(csv("day,shop,sold", rows))

    assert suggestion.dataset is None
    assert "'shop', which may tell series apart, misses 1 values" in suggestion.reasons[0]


def test_a_time_with_gaps_orders_nothing() -> None:
    rows = series(100, lambda index: (day(index) if index % 10 else "", index % 7))

    suggestion = suggested_for(csv("date,x", rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["time_column"] is None
    assert "'date' misses values" in suggestion.reasons[0]


@pytest.mark.parametrize("order", ["by shop", "by day"])
def test_a_time_that_occurs_twice_in_each_series_leaves_the_order_of_the_file(order: str) -> None:
    rows = shops("abc")
    rows[30:30] = rows[30:33]
    if order == "by shop":
        rows.sort(key=lambda row: str(row[1]))

    dataset = dataset_for(csv("day,shop,sold", rows))

    assert (dataset["time_column"], dataset["series_column"]) == (None, "shop")


def test_an_hour_that_occurs_twice_leaves_the_order_of_the_file() -> None:
    rows = [
        (f"{day(number // 24)} {number % 24:02}:00", 10 + WEEK[number % 7]) for number in range(400)
    ]
    rows.insert(100, rows[99])

    suggestion = suggested_for(csv("time,load", rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["time_column"] is None
    assert "times in 'time' repeat" in suggestion.reasons[0]


def test_descending_times_are_put_in_order() -> None:
    rows = series(200, lambda index: (day(199 - index), WEEK[(199 - index) % 7]))

    dataset = dataset_for(csv("date,x", rows))

    assert (dataset["time_column"], dataset["season"]) == ("date", 7)


def test_year_and_month_order_rows_together() -> None:
    rows = series(120, lambda index: (2000 + index // 12, index % 12 + 1, (index % 12) ** 2))

    suggestion = suggested_for(csv("year,month,x", rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["time_column"] is None
    assert suggestion.dataset["series_column"] is None
    assert suggestion.season == 12
    assert "'year' and 'month' tell the time together" in suggestion.reasons[0]


def test_year_and_month_of_unsorted_rows_are_an_obstacle() -> None:
    rows = series(120, lambda index: (2000 + index // 12, index % 12 + 1, index % 11))
    shuffle(rows)

    suggestion = suggested_for(csv("year,month,x", rows))

    assert suggestion.dataset is None
    assert "sort the rows" in suggestion.reasons[0]


def test_a_panel_of_years_and_months_is_told() -> None:
    rows = [
        (shop, 2000 + index // 12, index % 12 + 1, (index % 12) ** 2 + 5 * place + index % 3)
        for place, shop in enumerate("ab")
        for index in range(60)
    ]

    dataset = dataset_for(csv("store,year,month,x", rows))

    assert (dataset["time_column"], dataset["series_column"]) == (None, "store")


def test_hours_alone_tell_no_time_but_hide_nothing() -> None:
    rows = series(240, lambda index: (index % 24, (index % 24) ** 2 + index % 5))

    suggestion = suggested_for(csv("hour,x", rows))

    assert suggestion.dataset is not None
    assert (suggestion.dataset["time_column"], suggestion.season) == (None, 24)


@pytest.mark.parametrize("name", ["image", "k"])
def test_a_count_that_begins_anew_orders_the_rows_of_each_series(name: str) -> None:
    rows = [(index, step, (index * 7 + step) % 11) for index in range(30) for step in range(20)]

    dataset = dataset_for(csv(f"{name},j,x", rows))

    assert (dataset["time_column"], dataset["series_column"]) == ("j", name)


def test_a_series_with_times_of_its_own_is_told_by_its_name() -> None:
    rows = [(number, "ab"[number % 2], number % 7) for number in range(100)]

    dataset = dataset_for(csv("timestamp,sensor,x", rows))

    assert (dataset["time_column"], dataset["series_column"]) == ("timestamp", "sensor")


def test_series_without_times_are_told_by_the_name_of_their_column() -> None:
    rows = [(name, index * index % 13) for name in "abc" for index in range(50)]

    dataset = dataset_for(csv("name,y", rows))

    assert (dataset["time_column"], dataset["series_column"]) == (None, "name")
