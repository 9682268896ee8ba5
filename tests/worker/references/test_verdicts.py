"""Runs with nothing to learn are not called sick, and runs that miss what is there are."""

from dataclasses import replace

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis, DiagnosisVerdict
from app.domain.runs import StopReason
from bench.verdicts import Notebook
from tests.worker.builders import DATASET_ID, make_spec
from tests.worker.references.uploads import as_sequences, column, generated
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.references.fit import fit_reference
from worker.training.loop import train

RNG = np.random.default_rng


def with_reference(spec: object, task: Task) -> Task:
    reference = fit_reference(spec, task)  # type: ignore[arg-type] # any data set spec
    return replace(task, facts=task.facts.model_copy(update={"reference": reference}))


def diagnosed(dataset: object, task: Task, **patch: JsonValue) -> Diagnosis:
    """Trains a small network on the task, and judges it at the end."""
    training: dict[str, JsonValue] = {"num_steps": 400, "batch_size": 32, "evaluate_every": 20}
    spec = make_spec(
        {
            "model": {"kind": "gru", "hidden_size": 16},
            "probes": {"tier": "standard", "every": 100},
            "training": training,
            **patch,
        }
    )
    spec = spec.model_copy(update={"dataset": dataset})
    notebook = Notebook(spec=spec)
    train(
        spec,
        with_reference(dataset, task),
        device=torch.device("cpu"),
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    return diagnose(notebook.case(stop_reason=StopReason.COMPLETED))


def of_series(values: np.ndarray, **dataset: JsonValue) -> tuple[object, Task]:
    spec = make_spec(
        {
            "dataset": {
                "kind": "forecast",
                "dataset_id": DATASET_ID,
                "target": "y",
                "window": 12,
                **dataset,
            }
        }
    ).dataset
    return spec, build_task(spec, upload=column(values).encode())


def codes(diagnosis: Diagnosis) -> set[str]:
    return {finding.code for finding in diagnosis.findings}


def test_a_run_on_white_noise_is_not_sick() -> None:
    diagnosis = diagnosed(*of_series(RNG(0).normal(size=2000)))

    assert "no_better_than_baseline" not in codes(diagnosis)
    assert diagnosis.verdict is not DiagnosisVerdict.SICK


def test_a_run_that_forecasts_a_random_walk_as_well_as_can_be_is_not_sick() -> None:
    walk = np.cumsum(RNG(1).normal(size=3000))
    transform: list[JsonValue] = [{"kind": "difference"}]

    diagnosis = diagnosed(*of_series(walk, transform=transform))

    assert "no_better_than_baseline" not in codes(diagnosis)
    assert diagnosis.verdict is not DiagnosisVerdict.SICK


def test_a_run_that_misses_the_order_that_is_there_is_sick() -> None:
    spec, task = generated("temporal_order", length=60, size=600)

    diagnosis = diagnosed(
        spec,
        task,
        model={"kind": "elman", "hidden_size": 16},
        training={"num_steps": 100, "batch_size": 32, "evaluate_every": 20},
    )

    (finding,) = (one for one in diagnosis.findings if one.code == "no_better_than_baseline")
    assert finding.evidence["reference_name"] == "reservoir"
    assert diagnosis.verdict is DiagnosisVerdict.SICK


def test_a_run_on_labels_without_a_cause_is_undetermined() -> None:
    rng = RNG(2)
    spec, task = as_sequences(rng.normal(size=(12, 400, 2)), rng.integers(0, 3, 400))

    diagnosis = diagnosed(spec, task, training={"num_steps": 100, "evaluate_every": 20})

    assert "no_better_than_baseline" not in codes(diagnosis)
    assert "no_better_than_baseline" in {one.code for one in diagnosis.not_assessed}
