"""Trains a small run with the worker's own loop, and gives what a diagnosis reads of it."""

from dataclasses import replace

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Finding
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from bench.verdicts import Notebook
from tests.worker.builders import DATASET_ID
from tests.worker.references.uploads import column
from worker.datasets.build import build_task
from worker.references.fit import fit_reference
from worker.training.loop import train

#: Probes at fixed steps, so that a slow machine has as many as a fast one.
PROBES: dict[str, JsonValue] = {"tier": "standard", "every": 20}


def trained_case(spec: JobSpec, *, series: np.ndarray | None = None) -> Case:
    """Returns the run at its end; an upload has a reference model, as in the service."""
    upload = None if series is None else column(series).encode()
    task = build_task(spec.dataset, upload=upload)
    if task.facts.attainable is None:
        reference = fit_reference(spec.dataset, task)
        task = replace(task, facts=task.facts.model_copy(update={"reference": reference}))
    notebook = Notebook(spec=spec)
    ended = train(
        spec,
        task,
        device=torch.device("cpu"),
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    assert isinstance(ended.stop_reason, StopReason)
    return notebook.case(stop_reason=ended.stop_reason)


def findings_of(case: Case) -> dict[str, Finding]:
    """Returns the findings of the diagnosis by their codes."""
    return {finding.code: finding for finding in diagnose(case).findings}


def job_of(
    model: dict[str, JsonValue],
    dataset: dict[str, JsonValue],
    *,
    num_steps: int,
    **patch: JsonValue,
) -> JobSpec:
    """Returns a job spec with frequent probes and batches of 32."""
    return JobSpec.model_validate(
        {
            "model": model,
            "dataset": dataset,
            "training": {"num_steps": num_steps, "batch_size": 32, "evaluate_every": 20},
            "probes": PROBES,
            **patch,
        }
    )


def forecast(**options: JsonValue) -> dict[str, JsonValue]:
    return {"kind": "forecast", "dataset_id": DATASET_ID, "target": "y", **options}
