"""What is suggested for tables of times: roles, season, room, loss. All of it trains."""

import numpy as np
import pytest

from tests.domain.suggestions.builders import (
    csv,
    dataset_for,
    day,
    series,
    sold,
    suggested_for,
)


def test_a_short_series_of_a_panel_is_left_out_and_not_the_others() -> None:
    rows = [
        (day(number), shop, sold(number, shop))
        for shop in range(20)
        for number in range(5 if shop == 7 else 200)
    ]

    dataset = dataset_for(csv("day,shop,sold", rows))

    assert dataset["window"] == 14


def test_a_rising_year_is_time_and_not_a_target() -> None:
    rows = series(300, lambda index: (1700 + index, f"{50 + 40 * np.sin(index / 1.75):.1f}"))

    suggestion = suggested_for(csv("year,activity", rows))

    assert (suggestion.target, suggestion.time_column) == ("activity", "year")
    assert (suggestion.season, suggestion.window) == (11, 22)
    assert suggestion.dataset is not None
    assert suggestion.dataset["horizon"] == 11


@pytest.mark.parametrize("rows", [5, 6, 8, 12, 20])
def test_tiny_data_is_cut_so_that_it_trains(rows: int) -> None:
    text = csv("day,x", series(rows, lambda index: (day(index), index * index % 7)))

    dataset = dataset_for(text)

    assert dataset["window"] in {2, 3, 4}
    assert dataset["horizon"] == 1


def test_too_few_rows_are_told() -> None:
    suggestion = suggested_for("day,x\n2024-01-01,1\n2024-01-02,5\n")

    assert suggestion.dataset is None
    assert suggestion.reasons[-1] == "there are 2 rows; a forecast needs at least 5"


def test_too_few_rows_of_each_series_are_told() -> None:
    rows = [(day(number), shop, number + shop) for number in range(4) for shop in range(30)]

    suggestion = suggested_for(csv("day,shop,x", rows))

    assert suggestion.dataset is None
    assert suggestion.reasons[-1] == "most series have 4 rows; a forecast needs at least 5"


def test_one_column_is_forecast_in_the_order_of_the_file() -> None:
    suggestion = suggested_for(csv("x", series(100, lambda index: (index * index % 17,))))

    assert suggestion.target == "x"
    assert "no column orders the rows" in suggestion.reasons[0]


def test_one_rising_column_is_forecast_too() -> None:
    assert dataset_for(csv("x", series(60, lambda index: (index,))))["target"] == "x"


def test_texts_alone_have_nothing_to_forecast() -> None:
    suggestion = suggested_for("word,other\na,b\nb,c\n")

    assert suggestion.dataset is None
    assert suggestion.reasons[-1] == (
        "no numeric column varies, can be scaled and is measured in at least 10% of the rows"
    )


def test_years_in_the_header_ask_for_the_long_form() -> None:
    names = ",".join(str(year) for year in range(1990, 2000))
    rows = series(20, lambda index: [f"c{index}", *(index * year % 7 for year in range(10))])

    suggestion = suggested_for(csv(f"country,{names}", rows))

    assert suggestion.dataset is None
    assert "'1990' to '1999' seem to be times" in suggestion.reasons[0]


def test_of_many_features_those_are_taken_that_go_with_the_target() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(120, 200)).round(4)
    values[1:, -1] = values[:-1, 40]
    names = ",".join(f"c{place}" for place in range(200))

    suggestion = suggested_for(csv(names, values.tolist()))

    assert suggestion.dataset is not None
    features = suggestion.dataset["features"]
    assert isinstance(features, list)
    assert len(features) == 16
    assert "c40" in features
    assert any("16 of 199" in reason for reason in suggestion.reasons)


def test_what_cannot_be_a_feature_is_left_out() -> None:
    header = "date,code,row,late,full,rare,huge,flag,x"
    rows = series(
        100,
        lambda index: (
            day(index),
            1000 - index % 10,
            index + 1,
            int(index > 90),
            index % 3,
            index if index < 20 else "",
            f"{index % 3}e200",
            str(index % 2 == 0).lower(),
            index % 7,
        ),
    )

    suggestion = suggested_for(csv(header, rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["features"] == ["full", "flag"]
    assert any("'late', constant in the training part" in one for one in suggestion.reasons)


def test_a_target_that_is_even_at_first_is_cut_otherwise_or_replaced() -> None:
    late = series(100, lambda index: (day(index), index % 7, int(index > 75)))
    last = series(100, lambda index: (day(index), index % 7, int(index > 97)))

    assert dataset_for(csv("date,a,target", late))["split"] == {
        "train": 0.8,
        "validation": 0.1,
        "test": 0.1,
    }
    assert dataset_for(csv("date,a,target", last))["target"] == "a"


def test_columns_that_are_all_even_in_training_are_told() -> None:
    rows = series(100, lambda index: (day(index), int(index > 98)))

    suggestion = suggested_for(csv("date,x", rows))

    assert suggestion.dataset is None
    assert "constant over the training part" in suggestion.reasons[-1]


@pytest.mark.parametrize(("known", "missing"), [((250, 300), "forward_fill"), ((0, 100), "drop")])
def test_a_target_that_is_measured_for_a_while_is_cut_there(
    known: tuple[int, int], missing: str
) -> None:
    first, end = known
    rows = series(300, lambda index: (day(index), index % 7 if first <= index < end else ""))

    dataset = dataset_for(csv("date,x", rows))

    assert dataset["missing"] == missing


def test_gaps_are_filled() -> None:
    rows = series(100, lambda index: (day(index), "" if index % 9 == 5 else index % 7))

    suggestion = suggested_for(csv("date,x", rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["missing"] == "forward_fill"


def test_features_full_of_gaps_are_dropped_where_no_row_would_be_left() -> None:
    rows = series(
        60, lambda index: (day(index), index % 5 if index >= 10 else "", index % 7 if index else "")
    )

    assert dataset_for(csv("date,a,x", rows))["features"] == ["a"]


@pytest.mark.parametrize(
    ("zeros", "value", "loss"),
    [
        (0.0, "{}", "mse"),
        (0.3, "{}", "mae"),
        (0.7, "{}", "poisson"),
        (0.7, "{}.5", "mse"),
        (0.3, "-{}", "mse"),
    ],
)
def test_the_loss_suits_the_zeros_of_the_target(zeros: float, value: str, loss: str) -> None:
    rng = np.random.default_rng(8)
    rows = [
        (day(index), 0 if rng.random() < zeros else value.format(rng.integers(1, 31)))
        for index in range(300)
    ]

    dataset = dataset_for(csv("date,x", rows))

    assert dataset["loss"] == {"kind": loss}


def test_of_many_series_the_first_are_checked() -> None:
    rows = [
        (day(number), f"s{shop}", "" if number == shop == 5 else number * shop % 7)
        for number in range(10)
        for shop in range(400)
    ]

    dataset = dataset_for(csv("day,shop,sold", rows))

    assert dataset["series_column"] == "shop"
