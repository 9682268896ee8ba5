"""What of an upload a spec asks for in vain is named by its place in the spec."""

import pytest
from pydantic import JsonValue

from app.domain.datasets import parse_csv
from app.domain.errors import InvalidSpec
from app.domain.profiles import CsvProfile, Profile, profile_csv, profile_text
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.dataset.fit import FIT_CODES
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

ROWS = 40
TABLE = profile_csv(
    parse_csv(
        "when,series,y,gaps,word,week,same,signed\n"
        + "".join(
            f"2020-01-{index % 28 + 1:02d},{'ab'[index % 2]},{index},"
            f"{index if index % 2 else ''},w{index},{index % 7},1,{index - 3}\n"
            for index in range(ROWS)
        )
    )
)
TEXT = profile_text("abcd" * 25)
ID = "00000000-0000-0000-0000-000000000000"
FORECAST: dict[str, JsonValue] = {"kind": "forecast", "target": "y", "window": 4}
SEQUENCES: dict[str, JsonValue] = {
    "kind": "sequences",
    "sequence_column": "word",
    "features": ["y"],
    "label": "series",
}


def dataset(parts: dict[str, JsonValue]) -> DatasetSpec:
    uploaded = {"dataset_id": ID} if parts["kind"] in {"forecast", "text", "sequences"} else {}
    spec = {"model": {"kind": "gru"}, "dataset": {**uploaded, **parts}}
    return JobSpec.model_validate(spec).dataset


def profile_for(parts: dict[str, JsonValue]) -> Profile | None:
    profiles: dict[object, Profile] = {"forecast": TABLE, "sequences": TABLE, "text": TEXT}
    return profiles.get(parts["kind"])


def shape(length: int, inputs: int, outputs: int, *, many_to_one: bool = True) -> TaskShape:
    return TaskShape(length=length, input_size=inputs, output_size=outputs, many_to_one=many_to_one)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"kind": "adding", "length": 9}, shape(9, 2, 1)),
        ({"kind": "copy_memory", "length": 5}, shape(25, 10, 9, many_to_one=False)),
        ({"kind": "temporal_order", "length": 20}, shape(20, 6, 4)),
        ({"kind": "digits"}, shape(64, 1, 10)),
        ({**FORECAST, "features": ["y", "week"], "horizon": 2}, shape(4, 2, 2)),
        ({**FORECAST, "target": "gaps", "missing": "drop"}, shape(4, 1, 1)),
        (SEQUENCES, shape(ROWS, 1, 2)),
        ({**SEQUENCES, "max_length": 7, "target": "per_step"}, shape(7, 1, 2, many_to_one=False)),
        ({**SEQUENCES, "task": "regression", "label": "week"}, shape(ROWS, 1, 1)),
        ({**FORECAST, "horizon": 2, "loss": "quantile"}, shape(4, 1, 6)),
        (
            {**SEQUENCES, "task": "regression", "label": "week", "loss": "quantile"},
            shape(ROWS, 1, 3),
        ),
        ({"kind": "text", "length": 10}, shape(10, 5, 5, many_to_one=False)),
    ],
    ids=str,
)
def test_the_data_says_how_large_the_task_is(
    parts: dict[str, JsonValue], expected: TaskShape
) -> None:
    assert dataset(parts).shape(profile_for(parts)) == expected


@pytest.mark.parametrize(
    ("parts", "pointer", "code"),
    [
        ({**FORECAST, "target": "z"}, "/dataset/target", "no_such_column"),
        ({**FORECAST, "series_column": "z"}, "/dataset/series_column", "no_such_column"),
        ({**FORECAST, "features": ["word"]}, "/dataset/features/0", "column_not_numeric"),
        ({**FORECAST, "target": "same"}, "/dataset/target", "column_constant"),
        ({**FORECAST, "target": "gaps"}, "/dataset/target", "missing_values"),
        ({**FORECAST, "time_column": "word"}, "/dataset/time_column", "column_not_ordered"),
        ({**FORECAST, "window": 34}, "/dataset/window", "longer_than_data"),
        (
            {**FORECAST, "window": 17, "series_column": "series"},
            "/dataset/window",
            "longer_than_data",
        ),
        ({**SEQUENCES, "label": "same"}, "/dataset/label", "too_few_classes"),
        ({**SEQUENCES, "label": "z"}, "/dataset/label", "no_such_column"),
        ({**SEQUENCES, "sequence_column": "z"}, "/dataset/sequence_column", "no_such_column"),
        ({**SEQUENCES, "sequence_column": "series"}, "/dataset/split", "too_few_sequences"),
        (
            {**SEQUENCES, "task": "regression", "label": "word"},
            "/dataset/label",
            "column_not_numeric",
        ),
        ({**FORECAST, "target": "signed", "loss": "poisson"}, "/dataset/loss", "target_negative"),
        (
            {**SEQUENCES, "task": "regression", "label": "signed", "loss": "poisson"},
            "/dataset/loss",
            "target_negative",
        ),
        ({"kind": "text", "length": 90}, "/dataset/length", "longer_than_data"),
    ],
    ids=str,
)
def test_what_the_data_cannot_serve_is_named(
    parts: dict[str, JsonValue], pointer: str, code: str
) -> None:
    with pytest.raises(InvalidSpec, match="does not fit the spec") as refused:
        dataset(parts).shape(profile_for(parts))

    places = {(problem.pointer, problem.code) for problem in refused.value.problems}
    assert (pointer, code) in places
    assert {problem.code for problem in refused.value.problems} <= set(FIT_CODES)


def test_a_column_that_one_cell_makes_text_is_named_with_that_cell_s_row() -> None:
    table = profile_csv(parse_csv("y\n1\n\nNA\n2\n12O\nx\n"))

    with pytest.raises(InvalidSpec) as refused:
        dataset(FORECAST).shape(table)

    detail = refused.value.problems[0].detail
    assert "column 'y' holds text" in detail
    assert "'12O' in row 5" in detail


def test_a_profile_from_before_cells_were_noted_names_the_column_alone() -> None:
    noted = profile_csv(parse_csv("y\nx\n")).model_dump(mode="json")
    noted["columns"][0].pop("not_numeric")

    with pytest.raises(InvalidSpec) as refused:
        dataset(FORECAST).shape(CsvProfile.model_validate(noted))

    assert refused.value.problems[0].detail == "column 'y' holds text, not numbers"


@pytest.mark.parametrize(
    ("parts", "profile"),
    [(FORECAST, TEXT), (SEQUENCES, TEXT), ({"kind": "text"}, TABLE), (FORECAST, None)],
)
def test_an_upload_of_the_wrong_kind_is_refused(
    parts: dict[str, JsonValue], profile: Profile | None
) -> None:
    with pytest.raises(InvalidSpec) as refused:
        dataset(parts).shape(profile)

    assert refused.value.problems[0].code == "dataset_kind_mismatch"


@pytest.mark.parametrize(("num_columns", "rest"), [(1, ""), (20, ""), (25, " and 5 more")])
def test_a_file_of_many_columns_is_told_by_its_first_twenty(num_columns: int, rest: str) -> None:
    names = [f"c{index}" for index in range(num_columns)]
    rows = (",".join(str(row) for _ in names) for row in range(40))
    table = profile_csv(parse_csv("\n".join([",".join(names), *rows, ""])))

    with pytest.raises(InvalidSpec) as refused:
        dataset({**FORECAST, "target": "z"}).shape(table)

    there = ", ".join(names[:20])
    assert refused.value.problems[0].detail == (f"there is no column 'z'; there are {there}{rest}")
