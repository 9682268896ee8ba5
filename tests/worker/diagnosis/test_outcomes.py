"""Runs that were really trained: what they learned decides, on training and on validation data."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import DiagnosisVerdict, FindingState, Severity
from app.domain.runs import StopReason
from bench.verdicts import Notebook
from tests.worker.diagnosis.trained import findings_of, forecast, job_of, trained_case
from tests.worker.references.uploads import as_sequences
from worker.references.fit import fit_reference
from worker.training.loop import train

ADDING: dict[str, JsonValue] = {"kind": "adding", "length": 6}
ADAM: dict[str, JsonValue] = {"kind": "adam", "learning_rate": 0.01}
#: The rate grows by 0.001 in each step, so that a network first learns and then breaks.
GROWING: dict[str, JsonValue] = {
    "kind": "adam",
    "learning_rate": 3.0,
    "schedule": {"kind": "constant", "warmup_steps": 3000},
}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_that_learned_and_fell_back_is_active_and_harmful(seed: int) -> None:
    spec = job_of(
        {"kind": "elman", "hidden_size": 12},
        ADDING,
        num_steps=400,
        optimizer=GROWING,
        clipping={"kind": "none"},
        probes={"tier": "off"},
    )
    spec = spec.model_copy(update={"training": spec.training.model_copy(update={"seed": seed})})

    diagnosis = diagnose(trained_case(spec))

    found = {finding.code: finding for finding in diagnosis.findings}
    assert diagnosis.verdict is DiagnosisVerdict.SICK
    for code in ("no_better_than_baseline", "diverging_loss"):
        assert found[code].state is FindingState.ACTIVE
        assert found[code].severity is Severity.CRITICAL
        assert found[code].first_step > 100
    assert "loss_plateau" not in found


@pytest.mark.parametrize(("slope", "period"), [(0.01, 8), (0.02, 5)])
def test_a_run_that_fits_its_training_data_is_not_said_to_have_learned_nothing(
    slope: float, period: int
) -> None:
    time = np.arange(700)
    spec = job_of({"kind": "gru", "hidden_size": 12}, forecast(), num_steps=160, optimizer=ADAM)

    findings = findings_of(trained_case(spec, series=np.sin(time / period) + slope * time))

    assert findings["overfitting"].severity is Severity.CRITICAL
    assert "has not learned the task" not in findings["no_better_than_baseline"].explanation
    assert "loss_plateau" not in findings


@pytest.mark.parametrize(("persistence", "seed"), [(0.95, 0), (0.9, 2)])
def test_a_run_that_equals_the_reference_is_well_where_little_can_be_gained(
    persistence: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).normal(size=2000)
    series = np.zeros(2000)
    for row in range(1, series.size):
        series[row] = persistence * series[row - 1] + noise[row]
    rate: dict[str, JsonValue] = {"kind": "adam", "learning_rate": 0.003}
    spec = job_of(
        {"kind": "elman", "hidden_size": 12}, forecast(window=8), num_steps=300, optimizer=rate
    )

    diagnosis = diagnose(trained_case(spec, series=series))

    assert diagnosis.verdict is not DiagnosisVerdict.SICK
    assert not [one for one in diagnosis.findings if one.severity is Severity.CRITICAL]


@pytest.mark.parametrize("dataset", [ADDING, {"kind": "temporal_order", "length": 10}])
def test_a_run_whose_weights_decayed_to_nothing_is_not_healthy_at_the_baseline(
    dataset: dict[str, JsonValue],
) -> None:
    spec = job_of(
        {"kind": "gru", "hidden_size": 12, "bidirectional": True},
        dataset,
        num_steps=120,
        optimizer={"kind": "adamw", "weight_decay": 50.0},
    )

    findings = findings_of(trained_case(spec))

    assert findings["no_better_than_baseline"].severity is Severity.CRITICAL
    assert findings["loss_plateau"].severity is Severity.CRITICAL


@pytest.mark.parametrize("seed", [0, 1])
def test_sixty_sequences_that_are_learned_by_heart_are_overfitting(seed: int) -> None:
    findings = findings_of(_learned_by_heart(seed))

    assert findings["overfitting"].severity is Severity.CRITICAL
    assert findings["overfitting"].first_step > 0
    assert "has not learned the task" not in findings["no_better_than_baseline"].explanation


def _learned_by_heart(seed: int) -> Case:
    inputs_TBI = np.random.default_rng(seed).normal(size=(12, 86, 1))
    labels_B = np.where(inputs_TBI[0, :, 0] + inputs_TBI[1, :, 0] > 0, "a", "b")
    dataset, task = as_sequences(inputs_TBI, labels_B)
    reference = fit_reference(dataset, task)
    spec = job_of({"kind": "lstm", "hidden_size": 32}, ADDING, num_steps=300, optimizer=ADAM)
    notebook = Notebook(spec=spec.model_copy(update={"dataset": dataset}))
    train(
        notebook.spec,
        replace(task, facts=task.facts.model_copy(update={"reference": reference})),
        device=torch.device("cpu"),
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    return notebook.case(stop_reason=StopReason.COMPLETED)
