"""Trains one run of the benchmark in this process, by the worker's own loop and recorder."""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from app.domain.runs import StopReason
from app.domain.scopes import SPLITS, Scope, Split
from app.domain.specs.dataset.base import Dataset
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import (
    FloatArray,
    LagProfile,
    ReadingBatch,
    ScalarReading,
    Telemetry,
    of_kind,
)
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.stored import Injected, Label, Outcome, StoredRun
from bench.diagnosis.uploads import Upload
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.execution.referencing import FAILURES
from worker.references.fit import fit_reference
from worker.training.loop import train

CPU = torch.device("cpu")


@dataclass(kw_only=True)
class Notebook:
    """Keeps what a run sends."""

    tensor_names: tuple[str, ...] = ()
    batches: list[ReadingBatch] = field(default_factory=list)

    def begin(self, _facts: TaskFacts, tensor_names: tuple[str, ...], _device: str) -> None:
        self.tensor_names = tensor_names

    def telemetry(self) -> Telemetry:
        chunks = [batch.chunk for batch in self.batches if batch.chunk is not None]
        readings = [one for batch in self.batches for one in batch.readings]
        return Telemetry(
            steps_n=np.concatenate([chunk.steps_n for chunk in chunks]),
            scalars=_joined([chunk.scalars for chunk in chunks]),
            tensor_names=self.tensor_names,
            tensors=_joined([chunk.tensors for chunk in chunks]),
            scalar_readings=_by_step(of_kind(ScalarReading, readings)),
            profiles=of_kind(LagProfile, readings),
        )

    def scores(self, metric: str, *, at_step: int) -> dict[Split, float]:
        """Returns the scores of the last weights; NaN where there are none."""
        found = {
            (one.scope, one.quantity): one.value
            for batch in self.batches
            for one in of_kind(ScalarReading, batch.readings)
            if one.step == at_step
        }
        return {split: found.get((Scope.split(split), metric), math.nan) for split in SPLITS}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What training one spec gave."""

    facts: TaskFacts
    outcome: Outcome
    telemetry: Telemetry


def train_spec(
    spec: JobSpec, upload: Upload | None, *, data_seed: int, has_reference: bool = False
) -> Trained:
    """Trains the spec, with reference models where asked for.

    Raises InvalidData where the data cannot serve it.
    """
    started = time.perf_counter()
    content = None if upload is None else upload.content(data_seed)
    task = build_task(spec.dataset, upload=content)
    if has_reference:
        task = with_reference(spec.dataset, task)
    notebook = Notebook()
    ended = train(
        spec,
        task,
        device=CPU,
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    if not isinstance(ended.stop_reason, StopReason):
        raise TypeError(ended.stop_reason)
    floor = task.facts.baseline
    outcome = Outcome(
        stop_reason=ended.stop_reason,
        steps_done=ended.steps_done,
        scores=notebook.scores(task.facts.metric, at_step=spec.training.num_steps),
        floors={split: math.nan if floor is None else floor.score_on(split) for split in SPLITS},
        optimum=_optimum(upload, task.facts),
        seconds=time.perf_counter() - started,
    )
    return Trained(facts=task.facts, outcome=outcome, telemetry=notebook.telemetry())


def with_reference(dataset: Dataset, task: Task) -> Task:
    """Returns the task with what simple models reach, as the service has it."""
    if task.facts.attainable is not None:
        return task
    try:
        reference = fit_reference(dataset, task)
    except FAILURES:
        return task
    return replace(task, facts=task.facts.model_copy(update={"reference": reference}))


def _optimum(upload: Upload | None, facts: TaskFacts) -> float | None:
    """Returns the test error that no forecast of one step can beat; None where it is not known.

    A walk x' = p x + noise has it: the last value has an error of 2 / (1 + p) noise variances.
    """
    persistence = 0.0
    if upload is not None and upload.kind == "series":
        persistence = upload.number("persistence")
    naive = next(
        (b for b in facts.baselines if b.name == "naive" and b.metric == facts.metric), None
    )
    if not persistence or naive is None:
        return None
    return naive.score_on("test") * (1 + persistence) / 2


def train_run(run: PlannedRun, *, plan: str) -> StoredRun:
    """Trains a planned run."""
    trained = train_spec(run.spec, run.upload, data_seed=run.seed, has_reference=True)
    injected = tuple(
        Injected(
            kind=one.kind,
            leaf=one.leaf,
            level=one.level,
            strength=one.strength,
            num_strengths=one.num_strengths,
        )
        for one in run.injections
    )
    return StoredRun(
        key=run.key,
        label=Label(
            task=run.task,
            family=run.family,
            kind=run.kind,
            injected=injected,
            plan=plan,
            decoy="" if run.decoy is None else run.decoy.kind,
        ),
        spec=run.spec,
        facts=trained.facts,
        outcome=trained.outcome,
        telemetry=trained.telemetry,
        seed=run.seed,
    )


def _joined(parts: list[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _by_step(readings: Iterable[ScalarReading]) -> tuple[ScalarReading, ...]:
    return tuple(sorted(readings, key=lambda one: one.step))
