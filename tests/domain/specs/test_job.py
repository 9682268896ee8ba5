"""What a job spec takes, fills in and refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from app.domain.specs.job import JobSpec, ProbesSpec
from app.domain.specs.patch import as_document
from tests.domain.builders import ELMAN, job

UPLOAD = "018f2c3a-0000-7000-8000-000000000000"


def _errors(**patch: Any) -> list[tuple[str, str]]:
    """Pointer and code of each thing that is wrong with the spec."""
    with pytest.raises(ValidationError) as caught:
        job(**patch)
    return [("/".join(map(str, e["loc"])), e["type"]) for e in caught.value.errors()]


def _keys(schema: dict[str, Any] | list[Any]) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, (dict, list)):
            yield from _keys(part)


def test_only_the_kinds_of_model_and_dataset_are_needed() -> None:
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": {"kind": "adding"}})

    document: dict[str, Any] = as_document(spec)
    assert document["model"] == {
        "kind": "gru",
        "hidden_size": 64,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
    }
    assert document["init"]["recurrent"] == {"kind": "orthogonal", "gain": 1.0}
    assert document["clipping"] == {"kind": "norm", "max_norm": 1.0, "min_norm": None}
    assert document["optimizer"]["kind"] == "adam"
    assert document["training"]["num_steps"] == 5000
    assert document["probes"] == {
        "budget": None,
        "every": None,
        "tier": "standard",
        "quantities": None,
    }


@pytest.mark.parametrize(
    ("probes", "share"),
    [
        ({}, 0.03),
        ({"tier": "economy"}, 0.01),
        ({"tier": "full"}, 0.05),
        ({"tier": "off"}, 0.0),
        ({"budget": None}, 0.03),
        ({"budget": 0.05}, 0.05),
        ({"tier": "economy", "budget": 0.05}, 0.05),
        ({"budget": 0.06}, 0.06),
        ({"tier": "full", "budget": 0.5}, 0.5),
        ({"budget": 0}, 0.0),
    ],
)
def test_a_tier_has_its_own_budget_unless_one_is_given(
    probes: dict[str, object], share: float
) -> None:
    assert ProbesSpec.model_validate(probes).budget_in_force == share


def test_a_quantity_can_have_a_cadence_of_its_own() -> None:
    asked = ["sigma_max", {"name": "lyapunov_spectrum", "every": 500}]

    probes = ProbesSpec.model_validate({"quantities": asked, "every": 100})

    assert probes.cadences == (("sigma_max", None), ("lyapunov_spectrum", 500))
    assert ProbesSpec().cadences is None
    assert ProbesSpec.model_validate(probes.model_dump(mode="json")) == probes


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ({"name": "sigma_max"}, "missing"),
        ({"name": "sigma_max", "every": 0}, "greater_than_equal"),
        ({"name": "sigma_max", "every": 1.5}, "int_type"),
        ({"name": "loss", "every": 5}, "literal_error"),
        ({"name": "sigma_max", "every": 5, "often": True}, "extra_forbidden"),
        ("loss", "literal_error"),
        (7, "literal_error"),
        (None, "literal_error"),
    ],
)
def test_a_quantity_is_a_name_or_has_a_name_and_a_cadence(quantity: object, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ProbesSpec.model_validate({"quantities": [quantity]})

    assert [error["type"] for error in refused.value.errors()] == [code]


def test_only_quantities_that_a_probe_reads_can_be_asked_for() -> None:
    spec = ProbesSpec.model_validate({"quantities": ["jacobian_condition", "lyapunov_spectrum"]})

    assert spec.quantities == ("jacobian_condition", "lyapunov_spectrum")
    with pytest.raises(ValidationError, match="Input should be"):
        ProbesSpec.model_validate({"quantities": ["loss"]})


def test_null_means_the_default() -> None:
    nulls = {
        "clipping": None,
        "training": {"num_steps": None},
        "init": {"recurrent": {"kind": None}},
    }

    assert JobSpec.model_validate({**ELMAN, **nulls}) == JobSpec.model_validate(ELMAN)


def test_a_null_stays_where_something_must_be_given() -> None:
    wrong: dict[str, Any] = {"model": None, "dataset": ELMAN["dataset"]}

    with pytest.raises(ValidationError):
        JobSpec.model_validate(wrong)


def test_what_is_not_an_object_is_refused() -> None:
    assert _errors(training=[1])[0][0] == "training"


def test_a_document_reads_back_to_the_same_spec() -> None:
    spec = job(model={"kind": "lstm"}, init={"forget_bias": 2}, tags=["a"])

    assert JobSpec.model_validate(as_document(spec)) == spec


@pytest.mark.parametrize(
    ("patch", "place"),
    [
        ({"colour": 1}, "colour"),
        ({"model": {"kind": "transformer"}}, "model"),
        ({"model": {"kind": "gru", "activation": "relu"}}, "model/gru/activation"),
        ({"model": {"hidden_size": 0}}, "model/elman/hidden_size"),
        ({"optimizer": {"learning_rate": float("nan")}}, "optimizer/adam/learning_rate"),
        ({"optimizer": {"learning_rate": float("inf")}}, "optimizer/adam/learning_rate"),
        ({"optimizer": {"kind": "sgd", "nesterov": True}}, "optimizer/sgd"),
        ({"clipping": {"max_norm": 1, "min_norm": 2}}, "clipping/norm"),
        ({"training": {"device": "tpu"}}, "training/device"),
        ({"training": {"num_steps": 2**40}}, "training/num_steps"),
        ({"name": "nul\x00"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"tags": [""]}, "tags/0"),
        ({"dataset": {"dependency_lag": {"min": 5, "max": 2}}}, "dataset/adding/dependency_lag"),
    ],
)
def test_what_is_wrong_is_named(patch: dict[str, Any], place: str) -> None:
    assert any(where.startswith(place) for where, _ in _errors(**patch))


@pytest.mark.parametrize(
    "patch",
    [
        {"training": {"num_steps": "6"}},
        {"training": {"num_steps": True}},
        {"training": {"bptt_length": "5"}},
        {"training": {"seed": False}},
        {"training": {"deterministic": "false"}},
        {"training": {"time_limit_s": "10"}},
        {"optimizer": {"learning_rate": "0.1"}},
        {"optimizer": {"learning_rate": True}},
        {"clipping": {"kind": "norm", "min_norm": "0.1"}},
        {"probes": {"budget": "0.05"}},
        {"model": {"kind": "gru", "bidirectional": 1}},
        {"model": {"kind": "gru", "hidden_size": "8"}},
        {"model": {"kind": "gru", "dropout": False}},
        {"dataset": {"kind": "adding", "length": "20"}},
        {"dataset": {"kind": "adding", "dependency_lag": "5"}},
        {"dataset": {"kind": "adding", "dependency_lag": True}},
    ],
)
def test_what_only_looks_like_a_number_or_a_flag_is_refused(patch: dict[str, Any]) -> None:
    assert _errors(**patch)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    spec = job(training={"num_steps": 6.0, "seed": 7.0}, dataset={"dependency_lag": 9.0})

    assert (spec.training.num_steps, spec.training.seed, spec.dataset.dependency_lag) == (6, 7, 9)


def test_shares_of_the_data_sum_to_one() -> None:
    split = {"train": 0.9, "validation": 0.2, "test": 0.1}
    dataset = {"kind": "text", "dataset_id": UPLOAD, "split": split}

    assert _errors(dataset=dataset)


@pytest.mark.parametrize(
    ("dataset", "longest"),
    [
        ({"kind": "copy_memory", "length": 30}, 50),
        ({"kind": "digits"}, 64),
        ({"kind": "forecast", "dataset_id": UPLOAD, "target": "y", "window": 12}, 12),
        ({"kind": "temporal_order", "length": 10}, 10),
    ],
)
def test_each_dataset_says_how_long_its_sequences_are(
    dataset: dict[str, Any], longest: int
) -> None:
    assert job(dataset=dataset, training={"bptt_length": longest})
    assert _errors(dataset=dataset, training={"bptt_length": longest + 1})


def test_where_only_the_data_knows_the_length_any_lag_is_taken() -> None:
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": UPLOAD,
        "sequence_column": "id",
        "features": ["x"],
        "label": "y",
        "dependency_lag": 5000,
    }

    assert job(dataset=dataset)


def test_only_lstm_has_a_forget_bias() -> None:
    assert job().forget_bias is None
    assert job(model={"kind": "lstm"}).forget_bias == 1.0
    assert job(model={"kind": "lstm"}, init={"forget_bias": 3}).forget_bias == 3.0


def test_a_chrono_bias_takes_the_place_of_the_default_forget_bias() -> None:
    chrono: dict[str, JsonValue] = {"bias": {"kind": "chrono"}}

    assert job(model={"kind": "lstm"}, init=chrono).forget_bias is None
    assert job(model={"kind": "lstm"}, init={**chrono, "forget_bias": 3}).forget_bias == 3.0


def test_gated_cells_use_tanh() -> None:
    assert job(model={"activation": "relu"}).model.nonlinearity == "relu"
    assert job(model={"kind": "gru"}).model.nonlinearity == "tanh"


def test_the_published_schema_says_where_null_may_stand() -> None:
    properties = JobSpec.model_json_schema()["$defs"]["TrainingSpec"]["properties"]

    assert {"type": "null"} in properties["num_steps"]["anyOf"]
    assert properties["num_steps"]["default"] == 5000
    assert properties["time_limit_s"]["anyOf"].count({"type": "null"}) == 1


def test_the_published_schema_takes_null_wherever_a_field_may_be_left_out() -> None:
    schema = JobSpec.model_json_schema()
    parts = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
    optional = [
        (part["title"], name, field)
        for part in parts
        for name, field in part["properties"].items()
        if name not in part.get("required", ())
    ]

    null = {"type": "null"}
    refusing = [
        (title, name)
        for title, name, field in optional
        if field.get("anyOf", []).count(null) != 1
        or any(null in option.get("anyOf", ()) for option in field["anyOf"])
    ]
    assert len(optional) > 100
    assert refusing == []


def test_the_published_schema_lets_null_stand_for_the_default_kind() -> None:
    parts = JobSpec.model_json_schema()["$defs"]

    assert {"type": "null"} in parts["ConstantSchedule"]["properties"]["kind"]["anyOf"]
    assert "anyOf" not in parts["CosineSchedule"]["properties"]["kind"]


def test_only_where_a_kind_must_be_given_the_published_schema_has_a_discriminator() -> None:
    properties = JobSpec.model_json_schema()["properties"]
    assert "discriminator" in properties["dataset"]
    assert "discriminator" not in str(properties["clipping"])


def test_the_published_schema_keeps_the_bounds_of_numbers() -> None:
    schema = JobSpec.model_json_schema()
    seed = schema["$defs"]["TrainingSpec"]["properties"]["seed"]["anyOf"][0]

    assert seed == {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
    assert not {"ge", "gt", "le", "lt"} & set(_keys(schema))


@pytest.mark.parametrize("kind", ["forecast", "sequences"])
def test_a_column_is_a_feature_once(kind: str) -> None:
    columns = {"target": "y"} if kind == "forecast" else {"sequence_column": "id", "label": "y"}
    dataset = {"kind": kind, "dataset_id": UPLOAD, **columns, "features": ["a", "b"]}

    accepted = JobSpec.model_validate({**ELMAN, "dataset": dataset})

    assert accepted.dataset.model_dump()["features"] == ("a", "b")
    with pytest.raises(ValidationError, match="each column may be named only once"):
        JobSpec.model_validate({**ELMAN, "dataset": {**dataset, "features": ["a", "a"]}})


def test_the_published_schema_says_that_a_column_is_a_feature_once() -> None:
    parts = JobSpec.model_json_schema()["$defs"]

    for kind in ("ForecastSpec", "SequencesSpec"):
        features = parts[kind]["properties"]["features"]
        assert features.get("anyOf", [features])[0]["uniqueItems"] is True


@pytest.mark.parametrize(
    ("reaction", "stops", "starts_trial"),
    [("continue", False, False), ("stop", True, False), ("trial", True, True)],
)
def test_a_critical_finding_stops_a_run_and_tries_remedies_only_if_asked(
    reaction: str, *, stops: bool, starts_trial: bool
) -> None:
    spec = job(training={"on_finding": {"critical": reaction}})

    assert spec.training.on_finding.stops is stops
    assert spec.training.on_finding.starts_trial is starts_trial
