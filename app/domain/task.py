"""What the data says about itself: the lag it needs, the score without memory, the best score."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class LagSource(StrEnum):
    """How the required lag came to be known."""

    #: Follows from the task's definition.
    TASK = "task"
    #: The client said so (`dependency_lag`).
    DECLARED = "declared"
    #: Measured as the held-out gain of context; can make at most a warning.
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class RequiredLag(BaseModel):
    """How far back in time, in timesteps, the target depends on the input."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    timesteps: int | None = None
    """The lag that is judged, in timesteps; null when unknown."""
    min: int | None = None
    """The smallest that occurs, in timesteps."""
    median: int | None = None
    """In timesteps."""
    max: int | None = None
    """The largest that occurs, in timesteps."""
    source: LagSource = LagSource.UNKNOWN
    """How it is known: from the `task`, `declared` as `dependency_lag`, or `estimated`."""
    method: str = "not known"
    """One sentence on how it was found."""


def spread_lag(*, shortest: int, longest: int, source: LagSource, method: str) -> RequiredLag:
    """Lags spread evenly from shortest to longest; the longest is judged."""
    return RequiredLag(
        timesteps=longest,
        min=shortest,
        median=(shortest + longest + 1) // 2,
        max=longest,
        source=source,
        method=method,
    )


#: The split that decides which weights are the best.
JUDGED_SPLIT = "validation"


class MetricMode(StrEnum):
    MINIMISE = "min"
    MAXIMISE = "max"

    def is_better(self, value: float, *, than: float | None) -> bool:
        """Of equals the earlier one is the better; a value that is not finite never is."""
        if not math.isfinite(value):
            return False
        if than is None:
            return True
        return value < than if self is MetricMode.MINIMISE else value > than


class Baseline(BaseModel):
    """The trivial predictor that a model must beat, scored on the task's metric."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: For example `predict_mean`, `naive`, `seasonal_naive`, `unigram`, `majority_class`.
    name: str
    #: Name of the task metric that `value` is in.
    metric: str
    value: float
    #: Formula or measurement that gives the value.
    source: str


class TaskFacts(BaseModel):
    """What is known of a run's task once its data is built; written by the worker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The metric that the task is judged by, present in every evaluation.
    metric: str
    mode: MetricMode
    #: Score of the trivial predictor(s); the first one is the run's `baseline`.
    baselines: tuple[Baseline, ...] = ()
    #: Score that a model with perfect memory can reach; None when unknown.
    attainable: float | None = None
    required_lag: RequiredLag = RequiredLag()
    #: Timesteps of one (longest) training sequence.
    length: int
    input_size: int
    output_size: int
    #: True when the loss sits at each sequence's last valid timestep alone.
    many_to_one: bool

    @property
    def baseline(self) -> Baseline | None:
        return self.baselines[0] if self.baselines else None


@dataclass(frozen=True, kw_only=True)
class TaskShape:
    """What the data makes of a model: sizes, and timesteps of the longest sequence."""

    length: int
    input_size: int
    output_size: int
    many_to_one: bool

    @classmethod
    def of_task(cls, task: TaskFacts) -> Self:
        return cls(
            length=task.length,
            input_size=task.input_size,
            output_size=task.output_size,
            many_to_one=task.many_to_one,
        )
