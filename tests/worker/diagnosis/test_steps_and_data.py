"""Runs that were really trained, each with one fault in its steps, penalties or data."""

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.findings import Severity
from tests.worker.diagnosis.trained import findings_of, forecast, job_of, trained_case

ADDING: dict[str, JsonValue] = {"kind": "adding", "length": 12}
ORDER: dict[str, JsonValue] = {"kind": "temporal_order", "length": 10}
GRU: dict[str, JsonValue] = {"kind": "gru", "hidden_size": 12}
LSTM: dict[str, JsonValue] = {"kind": "lstm", "hidden_size": 12}
BIDIRECTIONAL: dict[str, JsonValue] = {**GRU, "bidirectional": True}
ADAM: dict[str, JsonValue] = {"kind": "adam", "learning_rate": 0.01}
SGD: dict[str, JsonValue] = {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.3}
TIGHT: dict[str, JsonValue] = {"kind": "norm", "max_norm": 1e-4}


@pytest.mark.parametrize(
    ("optimizer", "code"),
    [
        ({"kind": "adam", "learning_rate": 1.0}, "learning_rate_too_high"),
        ({"kind": "adam", "learning_rate": 1e-5}, "learning_rate_too_low"),
    ],
)
def test_a_rate_far_from_one_that_solves_the_task_is_found(
    optimizer: dict[str, JsonValue], code: str
) -> None:
    case = trained_case(job_of(LSTM, ADDING, num_steps=120, optimizer=optimizer))

    finding = findings_of(case)[code]

    assert finding.severity is Severity.CRITICAL
    rates = {"learning_rate_too_high", "learning_rate_too_low"}
    assert rates & set(findings_of(case)) == {code}


@pytest.mark.parametrize(("optimizer", "is_found"), [(SGD, True), (ADAM, False)])
def test_a_tight_clip_matters_to_plain_gradient_descent_alone(
    optimizer: dict[str, JsonValue], *, is_found: bool
) -> None:
    spec = job_of(BIDIRECTIONAL, ORDER, num_steps=120, optimizer=optimizer, clipping=TIGHT)

    findings = findings_of(trained_case(spec))

    assert ("clipping_always" in findings) is is_found
    assert "learning_rate_too_low" not in findings


@pytest.mark.parametrize(
    ("model", "patch"),
    [
        (BIDIRECTIONAL, {"optimizer": {"kind": "adamw", "weight_decay": 50.0}}),
        (LSTM, {"regularization": {"l2": 0.5}, "optimizer": ADAM}),
    ],
    ids=["decay", "l2"],
)
def test_a_penalty_that_outweighs_the_data_is_found(
    model: dict[str, JsonValue], patch: dict[str, JsonValue]
) -> None:
    case = trained_case(job_of(model, ORDER, num_steps=160, **patch))

    finding = findings_of(case)["penalty_dominates"]

    assert finding.severity is Severity.CRITICAL
    assert "clipping_always" not in findings_of(case)


def test_one_outlier_is_no_explosion() -> None:
    series = np.zeros(400)
    series[151] = 87423.5
    spec = job_of(LSTM, forecast(window=12, horizon=6), num_steps=160)

    findings = findings_of(trained_case(spec, series=series))

    assert findings["outliers_dominate"].first_step == 0
    assert "learning_rate_too_high" not in findings


def test_a_level_that_moves_on_is_a_shift() -> None:
    time = np.arange(600)
    spec = job_of(GRU, forecast(window=12), num_steps=200, optimizer=ADAM)

    findings = findings_of(trained_case(spec, series=np.sin(time / 4) + 0.02 * time))

    assert findings["distribution_shift"].severity is not Severity.INFO
    assert "learning_rate_too_low" not in findings


def test_a_season_longer_than_the_window_is_found() -> None:
    """What was there a season ago tells the next value, and the rows between tell nothing."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=1600)
    for row in range(20, len(series)):
        series[row] += 0.97 * series[row - 20]
    spec = job_of(GRU, forecast(window=10), num_steps=120, optimizer=ADAM)

    finding = findings_of(trained_case(spec, series=series))["window_too_short"]

    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["enough_timesteps"] == 20
