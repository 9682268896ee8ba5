"""What is suggested for labelled sequences and for texts."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from app.domain.profiles import profile_csv
from app.domain.suggestions.suggest import suggest_for_table
from app.domain.tables import Column, ColumnType, Table
from tests.domain.suggestions.builders import (
    csv,
    dataset_for,
    day,
    suggested_for,
    suggested_for_text,
)


def labelled(
    cells: Callable[[int, int], Sequence[object]], *, sequences: int = 30, steps: int = 6
) -> list[Sequence[object]]:
    return [
        (index, step, *cells(index, step)) for index in range(sequences) for step in range(steps)
    ]


def noise(index: int, step: int) -> int:
    return (index * 31 + step * 17) % 23


@pytest.mark.parametrize("header", ["id,t,x,label", "utterance,frame,c1,word"])
def test_one_label_for_each_sequence_is_told(header: str) -> None:
    rows = labelled(lambda index, step: (noise(index, step), "ab"[index % 2]))

    dataset = dataset_for(csv(header, rows))

    sequence, order, feature, label = header.split(",")
    assert dataset["kind"] == "sequences"
    assert (dataset["sequence_column"], dataset["order_column"]) == (sequence, order)
    assert (dataset["features"], dataset["label"]) == ([feature], label)
    assert (dataset["target"], dataset["task"]) == ("per_sequence", "classification")
    assert (dataset["class_weights"], dataset["max_length"]) == ("none", None)


def test_a_label_for_each_step_is_told() -> None:
    rows = labelled(lambda index, step: (noise(index, step), "ab"[noise(index, step) % 2]))

    dataset = dataset_for(csv("user,t,x,activity", rows))

    assert (dataset["target"], dataset["task"]) == ("per_step", "classification")


def test_a_label_of_numbers_is_a_regression() -> None:
    rows = labelled(lambda index, step: (noise(index, step), f"{index}.5"))

    dataset = dataset_for(csv("id,t,x,label", rows))

    assert (dataset["target"], dataset["task"]) == ("per_sequence", "regression")


def test_rare_classes_are_weighted() -> None:
    rows = labelled(lambda index, step: (noise(index, step), "a" if index % 10 else "b"))

    suggestion = suggested_for(csv("id,t,x,label", rows))

    assert suggestion.dataset is not None
    assert suggestion.dataset["class_weights"] == "balanced"
    assert any("9 times the targets" in reason for reason in suggestion.reasons)


def test_long_sequences_are_cut() -> None:
    rows = labelled(
        lambda index, step: (noise(index, step), "ab"[index % 2]), sequences=10, steps=600
    )

    assert dataset_for(csv("id,t,x,label", rows))["max_length"] == 500


@pytest.mark.parametrize(("sequences", "train"), [(3, 0.34), (5, 0.6)])
def test_few_sequences_are_split_so_that_no_part_is_empty(sequences: int, train: float) -> None:
    rows = labelled(
        lambda index, step: (noise(index, step), "ab"[index % 2]), sequences=sequences, steps=9
    )

    split = dataset_for(csv("id,t,x,label", rows))["split"]

    assert isinstance(split, dict)
    assert split["train"] == train


def test_a_copy_of_the_label_is_no_feature() -> None:
    rows = labelled(lambda index, step: (noise(index, step), index % 2, "ab"[index % 2]))

    assert dataset_for(csv("id,t,x,copy,label", rows))["features"] == ["x"]


def test_sequences_in_the_order_of_the_file_are_told() -> None:
    rows = [
        (f"u{index}", noise(index, step), index % 2) for index in range(20) for step in range(7)
    ]

    dataset = dataset_for(csv("recording,x,label", rows))

    assert (dataset["sequence_column"], dataset["order_column"]) == ("recording", None)


def test_gaps_are_no_features() -> None:
    rows = labelled(
        lambda index, step: ("" if index == 3 else step, noise(index, step), "ab"[index % 2])
    )

    assert dataset_for(csv("id,t,a,x,label", rows))["features"] == ["x"]


def test_labels_without_features_are_forecast_where_that_is_possible() -> None:
    rows = [(index, "ab"[index % 2]) for index in range(30) for _ in range(6)]

    suggestion = suggested_for(csv("id,label", rows))

    assert suggestion.dataset is None


def test_one_sequence_cannot_be_split() -> None:
    rows = [("a", step, noise(0, step), "uv"[step % 2]) for step in range(50)]
    rows += [("b", step, noise(1, step), "uv"[step % 2]) for step in range(50)]

    assert dataset_for(csv("user,t,x,activity", rows))["kind"] == "forecast"


def test_shops_with_a_region_are_forecast() -> None:
    rows = [
        (day(number), f"s{shop}", "ns"[shop % 2], noise(shop, number))
        for number in range(40)
        for shop in range(12)
    ]

    assert dataset_for(csv("day,shop,region,sold", rows))["kind"] == "forecast"


def test_a_column_of_one_class_labels_nothing() -> None:
    rows = labelled(lambda index, step: (noise(index, step), "a"))

    assert dataset_for(csv("id,t,x,label", rows))["kind"] == "forecast"


@pytest.mark.parametrize(("characters", "length"), [(4000, 128), (400, 8), (100, 2)])
def test_a_text_is_cut_into_sequences_of_which_each_part_has_several(
    characters: int, length: int
) -> None:
    suggestion = suggested_for_text(("abcd efg hi. " * 400)[:characters])

    assert suggestion.dataset is not None
    assert (suggestion.dataset["kind"], suggestion.dataset["length"]) == ("text", length)


def test_a_short_text_is_not_suggested() -> None:
    suggestion = suggested_for_text("too short")

    assert suggestion.dataset is None
    assert "too short" in suggestion.reasons[0]


def test_a_text_of_too_many_symbols_is_not_suggested() -> None:
    text = "".join(chr(0x4E00 + index) for index in range(4000))

    suggestion = suggested_for_text(text)

    assert suggestion.dataset is None
    assert "different characters" in suggestion.reasons[0]


def test_rows_after_the_first_million_are_not_looked_at() -> None:
    values = (np.arange(2**20 + 5) % 7).astype(np.float64)
    column = Column.of_values("x", ColumnType.INTEGER, values)
    table = Table(columns=(column,), num_rows=len(values), delimiter=",")

    suggestion = suggest_for_table(table, profile_csv(table))

    assert suggestion.dataset is not None
    assert suggestion.reasons[-1] == "only the first 1048576 of 1048581 rows were looked at"
