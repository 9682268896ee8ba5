"""The case of a spec that was trained to its end, as the service would judge it."""

from functools import cache

import numpy as np
import torch

from app.domain.diagnosis.case import Case
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from bench.diagnosis.training import CPU, Notebook, with_reference
from worker.datasets.build import build_task
from worker.training.loop import train

#: The uploads are not in a database: the id is only a valid one.
DATASET_ID = "00000000-0000-0000-0000-000000000001"


@cache
def trained_case(document: str, *, csv: str | None = None) -> Case:
    """Trains the spec, which is given as JSON, on the rows of the file if it needs any."""
    torch.set_num_threads(1)
    spec = JobSpec.model_validate_json(document)
    built = build_task(spec.dataset, upload=None if csv is None else csv.encode())
    task = with_reference(spec.dataset, built)
    notebook = Notebook()
    ended = train(
        spec,
        task,
        device=CPU,
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    assert isinstance(ended.stop_reason, StopReason)
    return Case(
        spec=spec,
        task=task.facts,
        telemetry=notebook.telemetry(),
        num_steps=spec.training.num_steps,
        attempt=1,
        has_ended=True,
        stop_reason=ended.stop_reason,
    )


def rows(values: np.ndarray) -> str:
    """A file with one column, `value`."""
    return "\n".join(["value", *(f"{value:.8g}" for value in values)]) + "\n"


def first_sign(*, sequences: int, length: int, seed: int = 0) -> str:
    """Sequences of noise that are labelled by the sign of their first value."""
    rng = np.random.default_rng(seed)
    lines = ["sequence,value,label"]
    for name in range(sequences):
        noise = rng.normal(size=length)
        label = "up" if noise[0] > 0 else "down"
        lines += [f"{name},{value:.5g},{label}" for value in noise]
    return "\n".join(lines) + "\n"
