"""What the API promises of a spec is what the worker then builds."""

import math
from typing import Any

import pytest

from app.domain.datasets import decode, parse_csv
from app.domain.errors import InvalidData, InvalidSpec
from app.domain.estimate import num_parameters
from app.domain.profiles import Profile, profile_csv, profile_text
from app.domain.specs.job import JobSpec
from worker.datasets.build import build_task
from worker.models.network import build_model

ID = "00000000-0000-0000-0000-000000000000"
CSV = "when,series,y,x,word,label\n" + "".join(
    f"{index:03d},{'ab'[index % 2]},{math.sin(index)},{index % 7},w{index},{index % 2}\n"
    for index in range(120)
)
#: Letters that the training part has, all of them.
TEXT = "abcde, fgh! " * 40


def spec(dataset: dict[str, Any], **model: object) -> JobSpec:
    if dataset["kind"] in {"forecast", "text", "sequences"}:
        dataset = {"dataset_id": ID, **dataset}
    return JobSpec.model_validate({"model": {"kind": "gru", **model}, "dataset": dataset})


def upload_of(wanted: JobSpec) -> tuple[bytes | None, Profile | None]:
    match wanted.dataset.kind:
        case "forecast" | "sequences":
            return CSV.encode(), profile_csv(parse_csv(decode(CSV.encode())))
        case "text":
            return TEXT.encode(), profile_text(TEXT)
        case _:
            return None, None


DATASETS: list[dict[str, Any]] = [
    {"kind": "adding", "length": 10},
    {"kind": "copy_memory", "length": 5},
    {"kind": "temporal_order", "length": 20},
    {"kind": "digits"},
    {"kind": "forecast", "target": "y", "window": 5},
    {"kind": "forecast", "target": "y", "features": ["y", "x"], "window": 5, "horizon": 3},
    {"kind": "text", "length": 8},
    {"kind": "sequences", "sequence_column": "series", "features": ["x", "y"], "label": "series"}
    | {"split": {"train": 0.5, "validation": 0.5, "test": 0}},
    {"kind": "sequences", "sequence_column": "x", "features": ["y"], "label": "when"}
    | {"task": "regression", "target": "per_step", "order_column": "when"},
]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset["kind"])
@pytest.mark.parametrize(
    "model",
    [
        {"kind": "elman", "hidden_size": 3},
        {"kind": "elman", "activation": "linear", "hidden_size": 3},
        {"kind": "gru", "hidden_size": 4, "num_layers": 3, "bidirectional": True},
        {"kind": "lstm", "hidden_size": 5, "num_layers": 2},
    ],
    ids=str,
)
def test_the_parameters_are_those_of_the_network(
    dataset: dict[str, Any], model: dict[str, Any]
) -> None:
    wanted = spec(dataset, **model)
    upload, profile = upload_of(wanted)

    promised = wanted.dataset.shape(profile)
    facts = build_task(wanted.dataset, upload=upload).facts
    built = build_model(wanted.model, facts)

    assert (promised.input_size, promised.output_size) == (facts.input_size, facts.output_size)
    assert promised.many_to_one == facts.many_to_one
    assert promised.length >= facts.length
    assert num_parameters(wanted.model, promised) == sum(
        parameter.numel() for parameter in built.parameters()
    )


@pytest.mark.parametrize(
    ("dataset", "pointer", "code"),
    [
        ({"kind": "forecast", "target": "z"}, "/dataset/target", "no_such_column"),
        ({"kind": "forecast", "target": "word"}, "/dataset/target", "column_not_numeric"),
        (
            {"kind": "forecast", "target": "y", "features": ["x", "nope"], "window": 4},
            "/dataset/features/1",
            "no_such_column",
        ),
        (
            {"kind": "forecast", "target": "y", "window": 4, "time_column": "word"},
            "/dataset/time_column",
            "column_not_ordered",
        ),
        ({"kind": "forecast", "target": "y", "window": 84}, "/dataset/window", "longer_than_data"),
        (
            {"kind": "forecast", "target": "y", "window": 42, "series_column": "series"},
            "/dataset/window",
            "longer_than_data",
        ),
        (
            {"kind": "forecast", "target": "y", "window": 4, "horizon": 19},
            "/dataset/window",
            "longer_than_data",
        ),
        ({"kind": "text", "length": 72}, "/dataset/length", "longer_than_data"),
        (
            {"kind": "sequences", "sequence_column": "series", "features": ["x"], "label": "x"},
            "/dataset/split",
            "too_few_sequences",
        ),
        (
            {"kind": "sequences", "sequence_column": "x", "features": ["series"], "label": "x"},
            "/dataset/features/0",
            "column_not_numeric",
        ),
    ],
)
def test_what_the_worker_would_refuse_is_refused_before(
    dataset: dict[str, Any], pointer: str, code: str
) -> None:
    wanted = spec(dataset)
    upload, profile = upload_of(wanted)

    with pytest.raises(InvalidSpec) as refused:
        wanted.dataset.shape(profile)
    with pytest.raises(InvalidData):
        build_task(wanted.dataset, upload=upload)

    assert (pointer, code) in {
        (problem.pointer, problem.code) for problem in refused.value.problems
    }


@pytest.mark.parametrize(
    "dataset",
    [
        {"kind": "forecast", "target": "y", "window": 83},
        {"kind": "forecast", "target": "y", "window": 41, "series_column": "series"},
        {"kind": "forecast", "target": "y", "window": 4, "horizon": 18},
        {"kind": "text", "length": 71},
    ],
    ids=str,
)
def test_what_only_just_fits_is_taken(dataset: dict[str, Any]) -> None:
    wanted = spec(dataset)
    upload, profile = upload_of(wanted)

    wanted.dataset.shape(profile)

    build_task(wanted.dataset, upload=upload)


def test_a_table_does_not_serve_as_a_text() -> None:
    with pytest.raises(InvalidSpec) as refused:
        spec({"kind": "text"}).dataset.shape(profile_csv(parse_csv(CSV)))

    assert refused.value.problems[0].code == "dataset_kind_mismatch"
