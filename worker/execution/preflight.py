"""Try a job spec for a few steps: what it costs is bounded, what it measures is the same."""

from collections.abc import Callable
from dataclasses import replace

import torch

from app.domain.estimate import num_parameters
from app.domain.preflight import MIN_SEQUENCES
from app.domain.runs import StopReason
from app.domain.scopes import Split
from app.domain.specs.init.base import DataDependentInit
from app.domain.specs.job import JobSpec
from app.domain.specs.model import ModelSpec
from app.domain.task import TaskFacts, TaskShape
from app.domain.telemetry import ReadingBatch
from app.settings import count_cores
from worker.concurrency import in_threads
from worker.datasets.task import Task
from worker.training.loop import TrainingLoop
from worker.training.outcome import Interruption, StopRequested, TrainingOutcome

#: Weights times timesteps times sequences of a sample: half a second or so of one core for a gated
#: cell.
MAX_PRODUCTS = 5 * 10**8
#: As many as the finest tier of probes takes.
MAX_SEQUENCES = 256


def try_out(
    spec: JobSpec,
    task: Task,
    *,
    num_steps: int,
    device: torch.device,
    send: Callable[[ReadingBatch], None],
    begin: Callable[[TaskFacts, tuple[str, ...], str], None],
    stop_requested: StopRequested,
) -> TrainingOutcome:
    """Train as ordered, schedules included, and stop after so many steps.

    With 0 the initial weights alone are probed; step 0 is taken for its loss and gradient, over no
    more sequences than are probed, and what its update makes of the weights is not looked at.

    Somebody waits for it: on a CPU the probes take all cores, the first ones beside step 0.
    """
    budget = _StepBudget(num_steps, stop_requested)
    # a GPU does one thing after the other anyway
    with in_threads(count_cores() if device.type == "cpu" else 1) as submit:
        loop = TrainingLoop(
            spec if num_steps else _with_small_batches(spec, task),
            _looked_at_briefly(task, spec.model),
            device=device,
            send=send,
            submit=submit,
        )
        begin(task.facts, loop.learner.tensor_names, str(device))
        outcome = loop.run(budget.stop_requested)
    return replace(outcome, stop_reason=StopReason.COMPLETED) if budget.is_spent else outcome


class _StepBudget:
    """Stops training after `num_steps` steps, after step 0 where `num_steps` is 0."""

    def __init__(self, num_steps: int, stop_requested: StopRequested) -> None:
        self._num_steps = num_steps
        self._stop_requested = stop_requested
        self._num_asked = 0
        self.is_spent = False

    def stop_requested(self) -> StopReason | Interruption | None:
        """Asked before each step."""
        reason = self._stop_requested()
        if reason is not None:
            return reason
        self.is_spent = self._num_asked >= max(1, self._num_steps)
        self._num_asked += 1
        if not self.is_spent:
            return None
        return StopReason.COMPLETED if self._num_steps else Interruption.INITIAL_WEIGHTS_MEASURED


def _with_small_batches(spec: JobSpec, task: Task) -> JobSpec:
    if isinstance(spec.init.recurrent, DataDependentInit):
        # the initial weights are made for the whole batch
        return spec
    size = min(spec.training.batch_size, _affordable_sequences(task, spec.model))
    training = spec.training.model_copy(update={"batch_size": size})
    return spec.model_copy(update={"training": training})


def _looked_at_briefly(task: Task, model: ModelSpec) -> Task:
    """Evaluated and probed on a few sequences of one split, so that the answer comes soon."""
    split: Split = "validation" if "validation" in task.evaluation else "train"
    batch = task.evaluation[split].take(
        0, _affordable_sequences(task, model), many_to_one=task.facts.many_to_one
    )
    return replace(task, evaluation={split: batch})


def _affordable_sequences(task: Task, model: ModelSpec) -> int:
    of_one = task.facts.length * num_parameters(model, TaskShape.of_task(task.facts))
    return min(MAX_SEQUENCES, max(MIN_SEQUENCES, MAX_PRODUCTS // of_one))
