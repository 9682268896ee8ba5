"""What a job spec says where the client said nothing."""

from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from tests.domain.builders import job

UPLOAD = "018f2c3a-0000-7000-8000-000000000000"
ADAM_VALUES = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
CONSTANT = {"kind": "constant", "warmup_steps": 0}
SPLIT = {"train": 0.7, "validation": 0.15, "test": 0.15}
UPLOADED = {"seed": 0, "dependency_lag": None, "dataset_id": UPLOAD, "split": SPLIT}


def part(path: str, given: dict[str, JsonValue]) -> Any:
    """The part of the document where only `given` was said."""
    first, _, rest = path.partition("/")
    patch: dict[str, Any] = {first: {rest: given} if rest else given}
    if given["kind"] == "chrono":
        patch["model"] = {"kind": "lstm"}
    found: Any = as_document(job(**patch))[first]
    return found[rest] if rest else found


def test_a_job_spec_needs_a_kind_of_model_and_of_dataset_alone() -> None:
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": {"kind": "adding"}})

    assert as_document(spec) == {
        "name": "",
        "tags": [],
        "notes": "",
        "priority": 0,
        "model": {
            "kind": "gru",
            "hidden_size": 64,
            "num_layers": 1,
            "bidirectional": False,
            "dropout": 0.0,
        },
        "init": {
            "recurrent": {"kind": "orthogonal", "gain": 1.0},
            "input": {"kind": "xavier_uniform", "gain": 1.0},
            "bias": {"kind": "zeros"},
            "forget_bias": None,
        },
        "clipping": {"kind": "norm", "max_norm": 1.0, "min_norm": None},
        "optimizer": {
            "kind": "adam",
            "learning_rate": 0.001,
            "weight_decay": 0.0,
            "schedule": CONSTANT,
            **ADAM_VALUES,
        },
        "regularization": {"l1": 0.0, "l2": 0.0},
        "dataset": {"kind": "adding", "seed": 0, "dependency_lag": None, "length": 200},
        "training": {
            "num_steps": 5000,
            "batch_size": 32,
            "seed": 0,
            "device": "auto",
            "precision": "float32",
            "bptt_length": None,
            "evaluate_every": 200,
            "stop_at_score": None,
            "time_limit_s": None,
            "on_instability": "report",
            "on_finding": {"critical": "continue"},
            "deterministic": True,
        },
        "probes": {"budget": None, "every": None, "tier": "standard", "quantities": None},
    }


@pytest.mark.parametrize(
    ("path", "filled_in"),
    [
        ("clipping", {"kind": "none"}),
        ("clipping", {"kind": "value", "max_value": 1.0}),
        ("init/recurrent", {"kind": "xavier_normal", "gain": 1.0}),
        ("init/recurrent", {"kind": "he_uniform", "gain": 1.0}),
        ("init/recurrent", {"kind": "he_normal", "gain": 1.0}),
        ("init/recurrent", {"kind": "identity", "gain": 1.0}),
        ("init/recurrent", {"kind": "gaussian", "gain": 1.0}),
        ("init/recurrent", {"kind": "spectral_radius", "radius": 1.0}),
        ("init/recurrent", {"kind": "normal", "std": 0.01}),
        ("init/recurrent", {"kind": "uniform", "bound": 0.01}),
        ("init/recurrent", {"kind": "critical"}),
        ("init/recurrent", {"kind": "torch_default"}),
        ("init/bias", {"kind": "chrono", "max_lag": None}),
        ("optimizer/schedule", {"kind": "step", "warmup_steps": 0, "every": 1000, "factor": 0.5}),
        ("optimizer/schedule", {"kind": "cosine", "warmup_steps": 0, "final_fraction": 0.0}),
        ("optimizer/schedule", {"kind": "warmup", "warmup_steps": 500}),
        ("dataset", {"kind": "copy_memory", "seed": 0, "dependency_lag": None, "length": 100}),
        ("dataset", {"kind": "temporal_order", "seed": 0, "dependency_lag": None, "length": 100}),
        ("dataset", {"kind": "digits", "seed": 0, "dependency_lag": None}),
    ],
    ids=str,
)
def test_each_kind_has_its_own_defaults(path: str, filled_in: dict[str, JsonValue]) -> None:
    assert part(path, {"kind": filled_in["kind"]}) == filled_in


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("sgd", {"momentum": 0.0, "nesterov": False}),
        ("adam", ADAM_VALUES),
        ("adamw", ADAM_VALUES),
        ("rmsprop", {"alpha": 0.99, "momentum": 0.0, "eps": 1e-8}),
    ],
)
def test_each_optimizer_has_its_own_defaults(kind: str, own: dict[str, JsonValue]) -> None:
    shared = {"kind": kind, "learning_rate": 0.001, "weight_decay": 0.0, "schedule": CONSTANT}

    assert part("optimizer", {"kind": kind}) == {**shared, **own}


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({"kind": "text"}, {"length": 128}),
        (
            {"kind": "forecast", "target": "y"},
            {
                "features": [],
                "window": 48,
                "horizon": 1,
                "stride": 1,
                "season": None,
                "series_column": None,
                "time_column": None,
                "equal_times": "refuse",
                "missing": "reject",
                "loss": {"kind": "mse"},
                "transform": [],
                "scaling": "per_series",
                "calendar": [],
                "recursive_steps": None,
            },
        ),
        (
            {"kind": "sequences", "sequence_column": "id", "features": ["x"], "label": "z"},
            {
                "order_column": None,
                "target": "per_sequence",
                "task": "classification",
                "loss": None,
                "class_weights": "none",
                "sampling": "shuffled",
                "max_length": None,
            },
        ),
    ],
    ids=["text", "forecast", "sequences"],
)
def test_each_uploaded_dataset_has_its_own_defaults(
    given: dict[str, JsonValue], own: dict[str, JsonValue]
) -> None:
    assert part("dataset", {"dataset_id": UPLOAD, **given}) == {**UPLOADED, **given, **own}


@pytest.mark.parametrize(
    ("model", "forget_bias"),
    [({"kind": "lstm"}, 1.0), ({"kind": "gru"}, None), ({"kind": "elman"}, None)],
    ids=str,
)
def test_lstm_starts_with_a_forget_bias_of_1(
    model: dict[str, JsonValue], forget_bias: float | None
) -> None:
    assert job(model=model).forget_bias == forget_bias


def test_a_spec_and_its_parts_cannot_be_changed() -> None:
    spec = job()

    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        spec.training.num_steps = 1


def test_the_published_schema_explains_a_field_in_its_own_words() -> None:
    training = JobSpec.model_json_schema()["$defs"]["TrainingSpec"]["properties"]

    assert training["evaluate_every"]["description"] == "Steps between evaluations."
