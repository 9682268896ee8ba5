"""Specs and trainings with defaults: a test names only what matters to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from app.domain.telemetry import FloatArray, OneKind, ReadingBatch, ScalarReading, of_kind
from worker.datasets.build import build_task
from worker.training.loop import train
from worker.training.outcome import TrainingOutcome

DATASET_ID = "00000000-0000-0000-0000-000000000000"
SMALL: dict[str, JsonValue] = {
    "model": {"kind": "elman", "hidden_size": 8},
    "dataset": {"kind": "adding", "length": 12},
    "training": {"num_steps": 12, "batch_size": 8, "evaluate_every": 6},
    "probes": {"tier": "off"},
}


def make_spec(patch: Mapping[str, JsonValue] | None = None) -> JobSpec:
    return JobSpec.model_validate(merge_patch(SMALL, patch or {}))


@dataclass(kw_only=True)
class Trained:
    """A run and all that it sent."""

    outcome: TrainingOutcome
    batches: list[ReadingBatch] = field(default_factory=list)
    tensor_names: tuple[str, ...] = ()

    def series(self, quantity: str) -> FloatArray:
        chunks = [batch.chunk for batch in self.batches if batch.chunk is not None]
        return np.concatenate([chunk.scalars[quantity] for chunk in chunks])

    def steps(self) -> list[int]:
        chunks = [batch.chunk for batch in self.batches if batch.chunk is not None]
        return [int(step) for chunk in chunks for step in chunk.steps_n]

    def readings(self, quantity: str) -> dict[tuple[int, str], float]:
        found = self.of_kind(ScalarReading)
        return {(r.step, str(r.scope)): r.value for r in found if r.quantity == quantity}

    def of_kind(self, kind: type[OneKind]) -> tuple[OneKind, ...]:
        return of_kind(kind, (one for batch in self.batches for one in batch.readings))

    def weights(self) -> list[torch.Tensor]:
        return [weight.detach() for _, weight in self.outcome.model.named_tensors()]


def train_spec(
    spec: JobSpec,
    *,
    upload: bytes | None = None,
    stop_requested: Callable[[], StopReason | None] = lambda: None,
) -> Trained:
    task = build_task(spec.dataset, upload=upload)
    batches: list[ReadingBatch] = []
    names: list[tuple[str, ...]] = []
    outcome = train(
        spec,
        task,
        device=torch.device("cpu"),
        send=batches.append,
        begin=lambda _facts, tensor_names, _device: names.append(tensor_names),
        stop_requested=stop_requested,
    )
    return Trained(outcome=outcome, batches=batches, tensor_names=names[0])
