"""What is looked at between two updates: task metrics and probes, neither of which changes the run.

A reading of step s is taken with the weights that s updates made; those at `num_steps` are the trained weights'.
"""

from collections.abc import Sequence

from app.domain.specs.job import JobSpec
from app.domain.telemetry import LagProfile, ScalarReading
from worker.datasets.task import Split, Task
from worker.models.network import SequenceModel

#: Looked at while training; the test split is for the end alone.
_DURING: tuple[Split, ...] = ("train", "validation")


class Observer:
    """Evaluations and probes of one run."""

    def __init__(self, spec: JobSpec, task: Task, model: SequenceModel) -> None:
        self._spec = spec
        self._task = task
        self._model = model

    def before_step(self, step: int) -> tuple[tuple[ScalarReading, ...], tuple[LagProfile, ...]]:
        """What is due with the weights that this step starts from."""
        is_evaluated = step % self._spec.training.evaluate_every == 0
        return self._evaluate(step, _DURING) if is_evaluated else (), ()

    def at_end(self, step: int) -> tuple[tuple[ScalarReading, ...], tuple[LagProfile, ...]]:
        """The trained weights, on every split."""
        return self._evaluate(step, (*_DURING, "test")), ()

    def _evaluate(self, step: int, splits: Sequence[Split]) -> tuple[ScalarReading, ...]:
        return tuple(
            ScalarReading(step=step, quantity=metric, scope=split, value=value)
            for split in splits
            if split in self._task.evaluation
            for metric, value in self._task.evaluate(self._model, split).items()
        )
