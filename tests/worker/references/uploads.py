"""Uploads for reference models, and the tasks that are made of them."""

from collections.abc import Sequence

import numpy as np
from pydantic import JsonValue

from app.domain.specs.dataset.base import Dataset
from tests.worker.builders import DATASET_ID, make_spec
from worker.datasets.build import build_task
from worker.datasets.task import Task


def column(values: Sequence[float] | np.ndarray) -> str:
    """Returns a CSV with one column, y."""
    return "y\n" + "\n".join(f"{value:.10g}" for value in values)


def forecast(upload: str, **dataset: JsonValue) -> tuple[Dataset, Task]:
    return made({"kind": "forecast", "target": "y", "window": 12, **dataset}, upload)


def made(dataset: dict[str, JsonValue], upload: str | None) -> tuple[Dataset, Task]:
    named = {"dataset_id": DATASET_ID} if upload is not None else {}
    spec = make_spec({"dataset": {**named, **dataset}}).dataset
    return spec, build_task(spec, upload=None if upload is None else upload.encode())


def as_sequences(
    inputs_TBI: np.ndarray, labels_B: Sequence[object] | np.ndarray, **dataset: JsonValue
) -> tuple[Dataset, Task]:
    """Returns the task of an upload that has a row for each timestep, its label in column y."""
    num_timesteps, size, width = inputs_TBI.shape
    names = [f"x{place}" for place in range(width)]
    lines = ["s," + ",".join(names) + ",y"]
    for place in range(size):
        for t in range(num_timesteps):
            values = ",".join(f"{value:.8g}" for value in inputs_TBI[t, place])
            lines.append(f"{place},{values},{labels_B[place]}")
    spec: dict[str, JsonValue] = {
        "kind": "sequences",
        "sequence_column": "s",
        "features": list(names),
        "label": "y",
        **dataset,
    }
    return made(spec, "\n".join(lines))


def generated(kind: str, *, length: int, size: int, **dataset: JsonValue) -> tuple[Dataset, Task]:
    """Returns the task of an upload of what one of the service's own generators makes."""
    batch = build_task(
        make_spec({"dataset": {"kind": kind, "length": length}}).dataset, upload=None
    ).training_batch(0, batch_size=size, seed=0)
    labels_B = batch.targets.reshape(size).tolist()
    return as_sequences(batch.inputs_TBI.numpy(), labels_B, **dataset)
