"""Series on which a score once said more than was learned."""

from datetime import date, timedelta

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.no_better_than_baseline import detect
from app.domain.diagnosis.findings import Finding
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.runs import StopReason
from app.domain.skill import skill_of
from app.domain.task import TaskFacts
from app.domain.telemetry import ScalarReading, Telemetry
from tests.worker.builders import DATASET_ID, Trained, make_spec, train_spec
from worker.datasets.build import build_task

NUM_STEPS = 60


def trained(upload: str, **dataset: JsonValue) -> tuple[Trained, TaskFacts]:
    spec = make_spec(
        {
            "model": {"kind": "gru"},
            "dataset": {
                "kind": "forecast",
                "dataset_id": DATASET_ID,
                "target": "y",
                "window": 8,
                **dataset,
            },
            "training": {"num_steps": NUM_STEPS, "evaluate_every": 20},
        }
    )
    facts = build_task(spec.dataset, upload=upload.encode()).facts
    return train_spec(spec, upload=upload.encode()), facts


def last_metrics(run: Trained) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {}
    for one in run.of_kind(ScalarReading):
        if one.step == NUM_STEPS and str(one.scope) in {"train", "validation", "test"}:
            found.setdefault(str(one.scope), {})[one.quantity] = one.value
    return found


def test_a_walk_that_grows_wilder_is_compared_with_its_own_naive_forecast() -> None:
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(0, np.r_[np.full(300, 1.0), np.full(300, 5.0)]))
    run, facts = trained("y\n" + "\n".join(f"{value:.6f}" for value in walk))

    skill = skill_of(facts, last_metrics(run))

    floor = facts.baseline_in_units
    assert floor is not None
    assert floor.name == "naive"
    change = np.square(np.diff(np.round(walk, 6)))
    assert floor.scores["validation"] == pytest.approx(change[419:509].mean(), rel=1e-8)
    assert floor.scores["test"] == pytest.approx(change[509:].mean(), rel=1e-8)
    # nobody beats the naive forecast of a random walk
    assert skill["test"] is not None
    assert skill["test"] < 0.02


def test_rare_peaks_are_no_better_than_always_saying_nothing() -> None:
    rng = np.random.default_rng(2)
    days = [date(2015, 1, 1) + timedelta(days=day) for day in range(1500)]
    values = [rng.integers(65, 96) if day.weekday() == 6 and day.day <= 7 else 0 for day in days]
    run, facts = trained("y\n" + "\n".join(map(str, values)), loss="mae")
    readings = run.of_kind(ScalarReading)
    case = Case(
        spec=make_spec(),
        task=facts,
        telemetry=Telemetry(
            steps_n=np.arange(NUM_STEPS, dtype=np.int32), scalars={}, scalar_readings=readings
        ),
        num_steps=NUM_STEPS,
        attempt=1,
        has_ended=True,
        stop_reason=StopReason.COMPLETED,
    )

    found = detect(case, BaselineThresholds())

    assert facts.baseline is not None
    assert facts.baseline.name == "predict_median"
    assert isinstance(found, Finding)
    assert found.evidence["baseline_name"] == "predict_median"
    skill = skill_of(facts, last_metrics(run))["validation"]
    assert skill is not None
    assert skill < 0.01


def test_the_error_is_in_the_units_of_the_file_beside_the_scaled_one() -> None:
    rng = np.random.default_rng(3)
    values = np.round(20 + 6.1 * np.sin(np.arange(300) / 5) + rng.normal(0, 0.3, 300), 4)
    run, _ = trained("y\n" + "\n".join(map(str, values)))

    metrics = last_metrics(run)["validation"]

    std = values[:210].std()
    assert metrics["mae"] == pytest.approx(std * float(metrics["mae_scaled"] or 0), rel=1e-6)
    assert metrics["mse"] == pytest.approx(std**2 * float(metrics["mse_scaled"] or 0), rel=1e-6)
