"""What a run will cost: more of anything costs more, and limits cut."""

import pytest

from app.domain.cautions import cautions_of
from app.domain.data_fit import shape_of
from app.domain.estimate import Estimate, TaskShape, estimate
from app.domain.specs.job import JobSpec
from app.domain.task import MetricMode, TaskFacts


def spec(**parts: object) -> JobSpec:
    return JobSpec.model_validate(
        {"model": {"kind": "lstm"}, "dataset": {"kind": "adding"}, **parts}
    )


def cost(**parts: object) -> Estimate:
    wanted = spec(**parts)
    return estimate(wanted, shape_of(wanted.dataset, None))


@pytest.mark.parametrize(
    "parts",
    [
        {"model": {"kind": "lstm", "hidden_size": 65}},
        {"model": {"kind": "lstm", "num_layers": 2}},
        {"model": {"kind": "lstm", "bidirectional": True}},
        {"dataset": {"kind": "adding", "length": 201}},
        {"training": {"batch_size": 33}},
    ],
    ids=str,
)
def test_more_of_anything_costs_more(parts: dict[str, object]) -> None:
    base, more = cost(), cost(**parts)

    assert more.memory_bytes > base.memory_bytes
    assert more.seconds > base.seconds


@pytest.mark.parametrize(
    ("optimizer", "moments"),
    [
        ({"kind": "sgd"}, 0),
        ({"kind": "sgd", "momentum": 0.9}, 1),
        ({"kind": "adam"}, 2),
        ({"kind": "adamw"}, 2),
        ({"kind": "rmsprop"}, 1),
        ({"kind": "rmsprop", "momentum": 0.9}, 2),
    ],
    ids=str,
)
def test_an_optimizer_costs_its_moments(optimizer: dict[str, object], moments: int) -> None:
    bare, wanted = cost(optimizer={"kind": "sgd"}), cost(optimizer=optimizer)

    assert wanted.memory_bytes - bare.memory_bytes == 4 * moments * bare.parameters


@pytest.mark.parametrize(("cell", "gates"), [("elman", 1), ("gru", 3), ("lstm", 4)])
def test_each_gate_has_its_weights_and_two_biases(cell: str, gates: int) -> None:
    made = cost(model={"kind": cell, "hidden_size": 5})

    assert made.parameters == gates * 5 * (2 + 5 + 2) + 5 + 1


def test_a_time_limit_bounds_the_seconds() -> None:
    assert cost(training={"num_steps": 10_000_000, "time_limit_s": 60}).seconds == 60


def test_double_precision_costs_twice_the_memory() -> None:
    assert cost(training={"precision": "float64"}).memory_bytes == 2 * cost().memory_bytes


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"model": {"kind": "gru", "dropout": 0.1}}, "dropout"),
        ({"training": {"num_steps": 10}}, "evaluate_every"),
        (
            {"optimizer": {"kind": "adam", "schedule": {"kind": "warmup", "warmup_steps": 6000}}},
            "warms up",
        ),
        ({"probes": {"tier": "off"}}, "probes.tier"),
        (
            {
                "training": {"bptt_length": 10},
                "dataset": {"kind": "adding", "dependency_lag": {"min": 1, "max": 50}},
            },
            "bptt_length",
        ),
    ],
)
def test_what_is_seldom_meant_is_said(parts: dict[str, object], word: str) -> None:
    (caution,) = cautions_of(spec(**parts))

    assert word in caution


def test_an_ordinary_spec_has_no_caution() -> None:
    assert cautions_of(spec()) == ()


def test_a_task_has_the_shape_that_its_facts_tell() -> None:
    facts = TaskFacts(
        metric="mse",
        mode=MetricMode.MINIMISE,
        length=50,
        input_size=3,
        output_size=2,
        many_to_one=False,
    )

    shape = TaskShape.of_task(facts)

    assert shape == TaskShape(length=50, input_size=3, output_size=2, many_to_one=False)
