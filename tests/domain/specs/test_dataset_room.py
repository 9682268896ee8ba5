"""How much data a spec needs: to the last row, character and sequence."""

import pytest
from pydantic import JsonValue

from app.domain.datasets import parse_csv
from app.domain.errors import InvalidSpec
from app.domain.profiles import Profile, profile_csv, profile_text
from app.domain.specs.job import JobSpec

ID = "00000000-0000-0000-0000-000000000000"
FORECAST: dict[str, JsonValue] = {"kind": "forecast", "target": "y"}
SEQUENCES: dict[str, JsonValue] = {
    "kind": "sequences",
    "sequence_column": "id",
    "features": ["y"],
    "label": "label",
}


def table(num_rows: int, *, num_series: int = 1, num_labels: int = 2) -> Profile:
    """Columns for a number, a series, nothing at all and a label."""
    rows = [f"{i},s{i % num_series},,l{i % num_labels}" for i in range(num_rows)]
    return profile_csv(parse_csv("y,id,nothing,label\n" + "\n".join(rows) + "\n"))


def problems(parts: dict[str, JsonValue], profile: Profile) -> list[str]:
    document = {"model": {"kind": "gru"}, "dataset": {"dataset_id": ID, **parts}}
    dataset = JobSpec.model_validate(document).dataset
    try:
        dataset.shape(profile)
    except InvalidSpec as refused:
        return [problem.detail for problem in refused.problems]
    return []


@pytest.mark.parametrize(("window", "horizon"), [(27, 1), (22, 6), (4, 6)])
def test_windows_and_horizons_may_fill_each_part_of_the_rows(window: int, horizon: int) -> None:
    # of 40 rows the parts end with the 28th, the 34th and the last
    assert problems({**FORECAST, "window": window, "horizon": horizon}, table(40)) == []


@pytest.mark.parametrize(
    ("window", "horizon", "part"),
    [
        (28, 1, "train part, rows 1 to 28"),
        (23, 6, "train part, rows 1 to 28"),
        (4, 7, "validation part, rows 29 to 34"),
    ],
)
def test_the_first_part_without_room_for_a_window_is_told(
    window: int, horizon: int, part: str
) -> None:
    told = f"the {part} of 40, is too short for a window of {window} and a horizon of {horizon}"

    assert problems({**FORECAST, "window": window, "horizon": horizon}, table(40)) == [told]


def test_a_part_without_a_share_needs_no_room() -> None:
    split: JsonValue = {"train": 0.9, "validation": 0.1, "test": 0.0}

    assert problems({**FORECAST, "window": 4, "horizon": 4, "split": split}, table(40)) == []


@pytest.mark.parametrize(("window", "fits"), [(13, True), (14, False)])
def test_each_series_has_its_share_of_the_rows(window: int, *, fits: bool) -> None:
    # two series of 20 rows, whose training parts end with the 14th
    wanted: dict[str, JsonValue] = {**FORECAST, "window": window, "series_column": "id"}

    told = "the train part, rows 1 to 14 of 20, is too short for a window of 14 and a horizon of 1"
    assert problems(wanted, table(40, num_series=2)) == ([] if fits else [told])


@pytest.mark.parametrize("column", ["id", "nothing"])
def test_one_series_or_none_has_all_the_rows(column: str) -> None:
    wanted: dict[str, JsonValue] = {**FORECAST, "window": 27, "series_column": column}

    assert problems(wanted, table(40)) == []


@pytest.mark.parametrize(("length", "fits"), [(14, True), (15, False)])
def test_a_sequence_of_text_needs_one_character_more(length: int, *, fits: bool) -> None:
    # of 100 characters the smaller parts have 15
    found = problems({"kind": "text", "length": length}, profile_text("abcd" * 25))

    told = "the validation part has 15 characters: too few for sequences of 15 and a target"
    assert found == ([] if fits else [told])


def test_every_part_of_the_sequences_has_one() -> None:
    assert problems(SEQUENCES, table(40, num_series=10)) == []
    assert problems(SEQUENCES, table(40, num_series=2)) == [
        "the test part of 2 sequences would be empty"
    ]


def test_a_classification_needs_two_classes_and_a_regression_none() -> None:
    assert problems(SEQUENCES, table(40, num_series=10, num_labels=1)) == [
        "column 'label' has one class only"
    ]
    regression: dict[str, JsonValue] = {**SEQUENCES, "task": "regression", "label": "y"}
    assert problems(regression, table(40, num_series=10)) == []


def test_a_sequence_is_no_longer_than_the_file() -> None:
    wanted = {"dataset_id": ID, **SEQUENCES, "max_length": 50}
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": wanted})

    assert spec.dataset.shape(table(40, num_series=10)).length == 40


DATED = profile_csv(
    parse_csv(
        "a,y,z,day\n" + "".join(f"{i},{i % 9},{i % 7},2020-01-{i + 1:02d}\n" for i in range(30))
    )
)


def test_a_feature_beside_the_target_is_an_input_of_its_own() -> None:
    wanted = {"dataset_id": ID, **FORECAST, "window": 4, "features": ["a", "z"]}
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": wanted})

    assert spec.dataset.shape(DATED).input_size == 3


@pytest.mark.parametrize("column", ["day", "a"])
def test_dates_and_numbers_order_rows(column: str) -> None:
    assert problems({**FORECAST, "window": 4, "time_column": column}, DATED) == []


def test_a_date_is_no_number() -> None:
    assert problems({**FORECAST, "window": 4, "features": ["day"]}, DATED) == [
        "column 'day' holds date, not numbers"
    ]


def test_the_first_of_several_problems_leads() -> None:
    wanted = {"dataset_id": ID, **FORECAST, "target": "b", "window": 4, "features": ["c"]}
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": wanted})

    with pytest.raises(InvalidSpec) as refused:
        spec.dataset.shape(DATED)

    assert len(refused.value.problems) == 2
    assert "there is no column 'b'" in refused.value.detail


def test_an_absent_column_is_told_with_twenty_of_those_that_there_are() -> None:
    names = [f"c{i:02}" for i in range(22)]
    wide = profile_csv(parse_csv("\n".join([",".join(names)] + [",".join(["1"] * 22)] * 40)))

    [detail] = problems({**FORECAST, "window": 4}, wide)

    assert detail == f"there is no column 'y'; there are {', '.join(names[:20])} and 2 more"
