"""How long a run takes: its steps, and what short runs mostly consist of."""

import pytest

from app.domain.estimate import step_seconds
from app.domain.run_seconds import START_S, run_seconds
from app.domain.specs.job import JobSpec

OFF: dict[str, object] = {"tier": "off"}


def spec(**parts: object) -> JobSpec:
    return JobSpec.model_validate(
        {"model": {"kind": "gru"}, "dataset": {"kind": "adding", "length": 50}, **parts}
    )


def seconds(wanted: JobSpec, *, slowness: float = 1.0) -> float:
    return run_seconds(wanted, wanted.dataset.shape(None), slowness=slowness)


def test_a_long_run_takes_mostly_its_steps_at_the_speed_of_the_machine() -> None:
    wanted = spec(training={"num_steps": 1_000_000, "evaluate_every": 10_000}, probes=OFF)

    steps_s = 1_000_000 * step_seconds(wanted, wanted.dataset.shape(None))

    assert seconds(wanted, slowness=3.0) == pytest.approx(3 * steps_s, rel=0.02)


def test_the_budget_of_probes_adds_its_share() -> None:
    training = {"num_steps": 1_000_000, "evaluate_every": 10_000}

    bare = seconds(spec(training=training, probes=OFF))
    probed = seconds(spec(training=training, probes={"budget": 0.2}))

    assert probed / bare == pytest.approx(1.25, rel=0.01)


def test_a_short_run_takes_its_start_and_its_two_probes() -> None:
    training = {"num_steps": 1}

    bare, probed = seconds(spec(training=training, probes=OFF)), seconds(spec(training=training))

    assert bare > START_S
    assert probed - bare > 20 * (bare - START_S) / 10


def test_probes_at_a_fixed_interval_are_counted() -> None:
    training = {"num_steps": 1000}

    rare = seconds(spec(training=training, probes={"every": 500}))
    often = seconds(spec(training=training, probes={"every": 10}))

    assert often > 1.5 * rare


def test_a_time_limit_bounds_it() -> None:
    limited = spec(training={"num_steps": 10_000_000, "time_limit_s": 60})

    assert seconds(limited) == 60
