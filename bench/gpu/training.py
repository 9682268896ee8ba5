"""The service's training loop without a database, as the parts of the measurement use it."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from app.domain.telemetry import DoubleArray, ReadingBatch, ScalarReading
from bench.gpu.conditions import Conditions
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.training.checkpoint import Saving, Start
from worker.training.loop import train
from worker.training.outcome import TrainingOutcome

#: 32 sequences of 100 timesteps, nothing looked at but the steps themselves.
BASE: Mapping[str, JsonValue] = {
    "model": {"kind": "gru", "hidden_size": 64},
    "dataset": {"kind": "adding", "length": 100},
    "training": {"num_steps": 1000, "batch_size": 32, "evaluate_every": 1_000_000},
    "probes": {"tier": "off"},
}
#: What the clock decides.
TIMES = frozenset({"elapsed_s", "probe_seconds", "probe_share"})
#: Quantity, scope, step.
Key = tuple[str, str, int]


def make_spec(patch: Mapping[str, JsonValue]) -> JobSpec:
    return JobSpec.model_validate(merge_patch(BASE, patch))


@dataclass(frozen=True, kw_only=True)
class Run:
    """What training left and sent."""

    outcome: TrainingOutcome
    batches: list[ReadingBatch]
    #: By the number of steps done.
    checkpoints: dict[int, bytes] = field(default_factory=dict)

    @property
    def weights_sha256(self) -> str:
        content = hashlib.sha256()
        for name, weight in self.outcome.model.named_tensors():
            content.update(name.encode())
            content.update(weight.detach().cpu().contiguous().numpy().tobytes())
        return content.hexdigest()


def train_on(
    spec: JobSpec,
    device: torch.device,
    *,
    stop_requested: Callable[[], StopReason | None] = lambda: None,
    start: Start | None = None,
    task: Task | None = None,
) -> Run:
    """Train to the end or until stopped; a checkpoint is kept of the last step."""
    batches: list[ReadingBatch] = []
    checkpoints: dict[int, bytes] = {}
    outcome = train(
        spec,
        build_task(spec.dataset, upload=None) if task is None else task,
        device=device,
        send=batches.append,
        begin=lambda *_: None,
        stop_requested=stop_requested,
        saving=Saving(is_due=lambda: False, keep=checkpoints.__setitem__),
        start=start,
    )
    return Run(outcome=outcome, batches=batches, checkpoints=checkpoints)


def cancel_after(num_steps: int) -> Callable[[], StopReason | None]:
    """Asked before each step, cancels once so many are done."""
    asked = iter(range(num_steps))
    return lambda: StopReason.CANCELLED if next(asked, None) is None else None


def little_evaluated(task: Task) -> Task:
    """With splits of 8 sequences: evaluations of a large network outlast what is measured."""
    many_to_one = task.facts.many_to_one
    few = {
        split: batch.take(0, 8, many_to_one=many_to_one) for split, batch in task.evaluation.items()
    }
    return replace(task, evaluation=few)


class Stopwatch:
    """Asked before each step: times the steps after a warm-up, then cancels the run."""

    def __init__(self, conditions: Conditions, *, warm_up_s: float, seconds: float) -> None:
        self._conditions, self._warm_up_s, self._seconds = conditions, warm_up_s, seconds
        self._made_at_s = time.perf_counter()
        self._began_at_s: float | None = None
        self._num_asked = self.num_steps = 0
        self.passed_s = 0.0

    def __call__(self) -> StopReason | None:
        now_s = time.perf_counter()
        self._num_asked += 1
        if self._began_at_s is None:
            # the first step has the evaluation, the first kernels and the first flush
            if self._num_asked > 2 and now_s - self._made_at_s >= self._warm_up_s:
                self._conditions.synchronise()
                self._began_at_s = time.perf_counter()
            return None
        self.num_steps += 1
        if now_s - self._began_at_s < self._seconds or self.num_steps < 2:
            return None
        self._conditions.synchronise()
        self.passed_s = time.perf_counter() - self._began_at_s
        return StopReason.CANCELLED

    @property
    def steps_per_second(self) -> float:
        return self.num_steps / self.passed_s


def readings_of(batches: Sequence[ReadingBatch]) -> dict[Key, DoubleArray]:
    """All that a run has sent but times, as arrays that can be compared."""
    found: dict[Key, DoubleArray] = {}
    for batch in batches:
        if batch.chunk is not None:
            steps = batch.chunk.steps_n.tolist()
            for quantity, values_n in batch.chunk.scalars.items():
                found |= {
                    (quantity, "model", step): np.array([value], dtype=np.float64)
                    for step, value in zip(steps, values_n, strict=True)
                }
            for quantity, values_nP in batch.chunk.tensors.items():
                found |= {
                    (quantity, "tensors", step): values_P.astype(np.float64)
                    for step, values_P in zip(steps, values_nP, strict=True)
                }
        for reading in batch.readings:
            if isinstance(reading, ScalarReading):
                found[reading.quantity, str(reading.scope), reading.step] = np.array(
                    [reading.value]
                )
            else:
                found |= _arrays_of(reading)
    return {key: values for key, values in found.items() if key[0] not in TIMES}


def _arrays_of(profile: Any) -> dict[Key, DoubleArray]:
    """Each array of a profile is a quantity of its own."""
    if not is_dataclass(profile):
        raise TypeError(profile)
    scope = "/".join(str(getattr(profile, name, "")) for name in ("scope", "path"))
    values = {part.name: getattr(profile, part.name) for part in fields(profile)}
    return {
        (f"{type(profile).__name__}.{name}", scope, values["step"]): value.astype(np.float64)
        for name, value in values.items()
        if isinstance(value, np.ndarray)
    }


def differing(one: Mapping[Key, DoubleArray], other: Mapping[Key, DoubleArray]) -> list[Key]:
    """Keys whose values are not the same bits, and those that one side alone has."""
    apart = list(one.keys() ^ other.keys())
    apart += [
        key
        for key in one.keys() & other.keys()
        if not np.array_equal(one[key], other[key], equal_nan=True)
    ]
    return sorted(apart, key=lambda key: (key[2], key[0], key[1]))
