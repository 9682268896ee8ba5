"""What a run will cost: figures worked out by hand, more of anything costs more, limits cut."""

from uuid import UUID

import pytest

from app.domain.errors import Problem
from app.domain.estimate import (
    Estimate,
    estimate,
    num_parameters,
    problems_of_size,
    step_seconds,
)
from app.domain.spec_warnings import LONG_S, warnings_about, warnings_about_size
from app.domain.specs.job import JobSpec
from app.domain.task import MetricMode, TaskFacts, TaskShape


def spec(**parts: object) -> JobSpec:
    return JobSpec.model_validate(
        {"model": {"kind": "lstm"}, "dataset": {"kind": "adding"}, **parts}
    )


def cost(**parts: object) -> Estimate:
    wanted = spec(**parts)
    return estimate(wanted, wanted.dataset.shape(None))


#: Ten timesteps of two numbers, one number predicted at the end.
SHAPE = TaskShape(length=10, input_size=2, output_size=1, many_to_one=True)
SMALL: dict[str, object] = {"hidden_size": 3}
DEEP: dict[str, object] = {"hidden_size": 3, "num_layers": 3, "bidirectional": True}


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        # gates x units x (inputs + units + 2 biases), and a read-out of units + 1
        ({"kind": "elman", **SMALL}, 3 * 7 + 4),
        ({"kind": "gru", **SMALL}, 3 * 3 * 7 + 4),
        ({"kind": "lstm", **SMALL}, 4 * 3 * 7 + 4),
        # two directions; each further layer reads the 2 x 3 units of the one below
        ({"kind": "elman", **DEEP}, 2 * 3 * 7 + 2 * (2 * 3 * 11) + 7),
        ({"kind": "lstm", **DEEP}, 2 * 4 * 3 * 7 + 2 * (2 * 4 * 3 * 11) + 7),
        ({"kind": "elman", "hidden_size": 3, "num_layers": 3}, 3 * 7 + 3 * 8 + 3 * 8 + 4),
    ],
    ids=str,
)
def test_parameters_are_those_of_the_network(model: dict[str, object], parameters: int) -> None:
    assert num_parameters(spec(model=model).model, SHAPE) == parameters


def test_each_output_has_a_read_out_of_its_own() -> None:
    shape = TaskShape(length=10, input_size=2, output_size=5, many_to_one=True)

    assert num_parameters(spec(model={"kind": "elman", **SMALL}).model, shape) == 21 + 5 * 4


@pytest.mark.parametrize(
    ("model", "values"),
    [
        # per timestep: 2 inputs and for each unit its output and the cell's own values; 1 output
        ({"kind": "elman", **SMALL}, 10 * (2 + 3 * 2) + 1),
        ({"kind": "gru", **SMALL}, 10 * (2 + 3 * 6) + 1),
        ({"kind": "lstm", **SMALL}, 10 * (2 + 3 * 7) + 1),
        ({"kind": "elman", **DEEP}, 10 * (2 + 6 * 3 * 2) + 1),
        ({"kind": "lstm", **DEEP}, 10 * (2 + 6 * 3 * 7) + 1),
    ],
    ids=str,
)
def test_memory_is_that_of_weights_and_activations(model: dict[str, object], values: int) -> None:
    made = estimate(spec(model=model, optimizer={"kind": "sgd"}, training={"batch_size": 5}), SHAPE)

    # weights, best weights, gradients and last changes; 4 bytes each
    assert made.memory_bytes == 4 * (4 * made.parameters + 5 * values)


def test_an_output_at_every_timestep_is_kept_at_every_timestep() -> None:
    wanted = spec(model={"kind": "elman", **SMALL}, training={"batch_size": 1})
    many = TaskShape(length=10, input_size=2, output_size=5, many_to_one=False)
    one = TaskShape(length=10, input_size=2, output_size=5, many_to_one=True)

    more = estimate(wanted, many).memory_bytes - estimate(wanted, one).memory_bytes

    assert more == 4 * 5 * 9


@pytest.mark.parametrize(
    ("model", "overhead_s"),
    [
        ({"kind": "elman", **SMALL}, 4e-5),
        ({"kind": "gru", **SMALL}, 2e-4),
        ({"kind": "lstm", **SMALL}, 8e-5),
        ({"kind": "lstm", **DEEP}, 6 * 8e-5),
    ],
    ids=str,
)
def test_a_step_takes_its_overhead_and_its_arithmetic(
    model: dict[str, object], overhead_s: float
) -> None:
    wanted = spec(model=model, training={"batch_size": 5})
    parameters = num_parameters(wanted.model, SHAPE)

    # three products of 2 operations for each weight and sequence, at 70 billion a second
    arithmetic_s = 3 * 2 * 5 * parameters / 70e9
    assert step_seconds(wanted, SHAPE) == pytest.approx(10 * (overhead_s + arithmetic_s), rel=1e-12)


def test_a_large_network_s_step_is_mostly_arithmetic() -> None:
    model = {"kind": "elman", "hidden_size": 8000}
    wanted = spec(model=model, training={"batch_size": 100})

    parameters = 8000 * 8004 + 8001
    seconds = 10 * (4e-5 + 600 * parameters / 70e9)
    assert step_seconds(wanted, SHAPE) == pytest.approx(seconds, rel=1e-12)


def test_seconds_are_those_of_all_steps() -> None:
    wanted = spec(training={"num_steps": 7})

    assert estimate(wanted, SHAPE).seconds == pytest.approx(7 * step_seconds(wanted, SHAPE))


def test_a_slow_run_leaves_two_rows_a_second_beside_its_evaluations() -> None:
    wanted = spec(
        model={"kind": "lstm", "hidden_size": 8000},
        training={"num_steps": 1000, "evaluate_every": 300, "time_limit_s": 100},
    )

    # 200 flushes and the last one; an evaluation at the start, every 300 steps and at the end
    assert estimate(wanted, SHAPE).rows == 201 + 2 + 3


def test_a_fast_run_leaves_a_row_every_256_steps_beside_its_evaluations() -> None:
    wanted = spec(
        model={"kind": "elman", "hidden_size": 1},
        training={"num_steps": 76_800, "evaluate_every": 76_800},
    )
    shape = TaskShape(length=1, input_size=1, output_size=1, many_to_one=True)

    assert estimate(wanted, shape).rows == 301 + 2 + 1


def test_no_run_leaves_more_rows_than_one_a_step_beside_its_evaluations() -> None:
    wanted = spec(
        model={"kind": "lstm", "hidden_size": 8192},
        training={"num_steps": 20, "evaluate_every": 50, "batch_size": 1000},
    )

    assert estimate(wanted, SHAPE).rows == 21 + 2


def of_size(*, memory_bytes: int = 1, seconds: float = 1.0) -> Estimate:
    return Estimate(parameters=77, memory_bytes=memory_bytes, seconds=seconds, rows=1)


def test_what_one_machine_can_hold_and_a_year_can_train_is_taken() -> None:
    assert problems_of_size(of_size(memory_bytes=2**40, seconds=366 * 86_400.0)) == []


def test_memory_that_no_machine_has_is_a_problem_of_the_hidden_size() -> None:
    detail = "training would need 1099511627777 bytes of memory for 77 parameters; "
    detail += "the most is 1099511627776"

    assert problems_of_size(of_size(memory_bytes=2**40 + 1)) == [
        Problem(pointer="/model/hidden_size", detail=detail, code="run_too_large")
    ]


def test_more_than_a_year_is_a_problem_of_the_number_of_steps() -> None:
    detail = "training would take about 3.17e+07 s; the most is 3.16e+07"

    assert problems_of_size(of_size(seconds=31_700_000.0)) == [
        Problem(pointer="/training/num_steps", detail=detail, code="run_too_large")
    ]


def test_both_problems_of_size_are_told_at_once() -> None:
    assert len(problems_of_size(of_size(memory_bytes=2**41, seconds=1e9))) == 2


def test_a_second_more_than_366_days_is_too_much() -> None:
    assert len(problems_of_size(of_size(seconds=31_622_401.0))) == 1


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
            "dataset.dependency_lag is 50",
        ),
        # at lag 10 the gradient of 10 timesteps is 0 already
        (
            {
                "training": {"bptt_length": 10},
                "dataset": {"kind": "adding", "dependency_lag": 10},
            },
            "dataset.dependency_lag is 10",
        ),
        ({"training": {"bptt_length": 10}}, "the lag that the task needs is"),
        (
            {
                "training": {"bptt_length": 10},
                "dataset": {"kind": "text", "dataset_id": str(UUID(int=1)), "length": 50},
            },
            "not known before a run or a preflight estimates it",
        ),
        (
            {
                "training": {"bptt_length": 10},
                "dataset": {
                    "kind": "sequences",
                    "dataset_id": str(UUID(int=1)),
                    "sequence_column": "s",
                    "features": ["x"],
                    "label": "y",
                },
            },
            "not known before a run or a preflight estimates it",
        ),
    ],
)
def test_what_is_seldom_meant_is_said(parts: dict[str, object], word: str) -> None:
    (caution,) = warnings_about(spec(**parts))

    assert word in caution


def test_an_ordinary_spec_has_no_caution() -> None:
    assert warnings_about(spec()) == ()


@pytest.mark.parametrize(
    ("bptt_length", "dataset"),
    [
        (11, {"kind": "adding", "dependency_lag": 10}),
        (50, {"kind": "text", "dataset_id": str(UUID(int=1)), "length": 50}),
        (
            30,
            {
                "kind": "text",
                "dataset_id": str(UUID(int=1)),
                "length": 50,
                "dependency_lag": 29,
            },
        ),
    ],
)
def test_a_cut_after_what_the_task_needs_has_no_caution(
    bptt_length: int, dataset: dict[str, object]
) -> None:
    assert warnings_about(spec(training={"bptt_length": bptt_length}, dataset=dataset)) == ()


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


def size_warnings(
    *, memory_bytes: int = 1, most_bytes: int | None = None, **training: object
) -> tuple[str, ...]:
    wanted = spec(training=training)
    shape = wanted.dataset.shape(None)
    return warnings_about_size(wanted, shape, memory_bytes=memory_bytes, most_bytes=most_bytes)


def test_a_run_that_fits_is_not_warned_of() -> None:
    assert size_warnings(memory_bytes=5, most_bytes=5) == ()
    assert size_warnings(memory_bytes=10**15, most_bytes=None) == ()


def test_a_run_that_no_worker_can_hold_is_warned_of_with_both_sizes() -> None:
    [warning] = size_warnings(memory_bytes=238 * 10**9, most_bytes=25 * 10**9)

    assert "238 GB" in warning
    assert "25 GB" in warning


def test_a_run_of_many_days_is_warned_of() -> None:
    a_step_s = step_seconds(spec(), spec().dataset.shape(None))
    num_steps = int(10 * 86_400 / a_step_s)

    [warning] = size_warnings(num_steps=num_steps)

    assert "10 days" in warning
    assert size_warnings(num_steps=int(0.99 * LONG_S / a_step_s)) == ()


@pytest.mark.parametrize(
    ("seconds", "limit_s", "words"),
    [(9000, 5.0, ("2.5 hours", "5 s")), (7200, 7199.0, ("2 hours", "7.2e+03 s"))],
)
def test_a_run_that_its_time_limit_cuts_is_warned_of(
    seconds: float, limit_s: float, words: tuple[str, str]
) -> None:
    num_steps = round(seconds / step_seconds(spec(), spec().dataset.shape(None)))

    [warning] = size_warnings(num_steps=num_steps, time_limit_s=limit_s)

    assert all(word in warning for word in words)
