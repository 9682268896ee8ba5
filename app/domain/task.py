"""Facts of a task: the required lag, the scores of baselines and the best attainable score."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from app.domain.data_facts import LongerContext, RangeShift
from app.domain.scopes import SPLITS, Split


class LagSource(StrEnum):
    """The source of the required lag."""

    #: It follows from the definition of the task.
    TASK = "task"
    #: The client declared it as `dependency_lag`.
    DECLARED = "declared"
    #: It was estimated as the gain from context on held-out data; it leads to warnings at most.
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class RequiredLag(BaseModel):
    """The lags, in timesteps, at which the target depends on the input."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    timesteps: int | None = None
    """The lag that is judged, in timesteps; null if unknown."""
    min: int | None = None
    """The smallest lag that occurs, in timesteps."""
    median: int | None = None
    """The median lag, in timesteps."""
    max: int | None = None
    """The largest lag that occurs, in timesteps."""
    interval: tuple[int, int] | None = None
    """95 % interval of an estimated `timesteps`, by bootstrap over held-out targets."""
    source: LagSource = LagSource.UNKNOWN
    """From the definition of the `task`, `declared` as `dependency_lag`, or `estimated`."""
    method: str = "not known"
    """How the lag was found, in one sentence."""


def spread_lag(*, shortest: int, longest: int, source: LagSource, method: str) -> RequiredLag:
    """Returns lags that are spread evenly from shortest to longest; the longest is judged."""
    return RequiredLag(
        timesteps=longest,
        min=shortest,
        median=(shortest + longest + 1) // 2,
        max=longest,
        source=source,
        method=method,
    )


#: The split that decides which weights are the best.
JUDGED_SPLIT: Split = "validation"
#: A metric with this ending is in standard deviations of the training part; without it, it is in
#: the units of the data.
SCALED = "_scaled"


class MetricMode(StrEnum):
    MINIMISE = "min"
    MAXIMISE = "max"

    def is_better(self, value: float, *, than: float | None) -> bool:
        """Returns whether the value is finite and strictly better, or `than` is None."""
        if not math.isfinite(value):
            return False
        if than is None:
            return True
        return value < than if self is MetricMode.MINIMISE else value > than

    def is_at_least(self, value: float, *, as_good_as: float) -> bool:
        """Returns whether the value is finite and as good as the other one, or better."""
        if not math.isfinite(value):
            return False
        return value <= as_good_as if self is MetricMode.MINIMISE else value >= as_good_as


class Baseline(BaseModel):
    """The trivial predictor that a model must beat, scored on the task's metric."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """For example `predict_mean`, `naive`, `seasonal_naive`, `unigram`, `majority_class`."""
    metric: str
    """Name of the task metric that its scores are in."""
    value: float
    """Its score on the validation split, or on the first other one if there is none."""
    scores: Mapping[Split, float | None] = {}
    """Its score on the rows of each split that the model is scored on; null if it is not finite.
    Empty in facts that were stored before it was measured."""
    source: str
    """Formula or measurement that gives the scores."""

    @classmethod
    def constant(cls, *, name: str, metric: str, value: float, source: str) -> Self:
        """Returns a baseline whose score is the same on every split."""
        scores = dict.fromkeys(SPLITS, value)
        return cls(name=name, metric=metric, value=value, scores=scores, source=source)

    def score_on(self, split: Split) -> float:
        """Returns the score on a split, or `value` if that is not known."""
        score = self.scores.get(split)
        return self.value if score is None else score


class Reference(BaseModel):
    """The best of a few simple models that were fitted to the training part.

    It shows a score that the task allows. All models see what the network sees.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """The model, for example `lags` or `reservoir`."""
    source: str
    """Its formula, and what it was fitted to."""
    metrics: Mapping[Split, Mapping[str, float | None]]
    """Its metrics on the rows of each split that the network is scored on; null if not finite."""
    nonlinear_score: float | None = None
    """The best score of a nonlinear model on the validation part, in the task's metric; null
    without one."""
    are_residuals_white: bool | None = None
    """Whether its residuals on the validation part of a forecast are white noise; null if
    unknown."""

    def score_on(self, split: Split, metric: str) -> float | None:
        return self.metrics.get(split, {}).get(metric)


class TaskFacts(BaseModel):
    """What is known of a run's task after its data was built; written by the worker."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    metric: str
    """The metric that the task is judged by, present in every evaluation. Of scaled targets it is
    the scaled one, in which all series count alike."""
    mode: MetricMode
    """Whether smaller or larger scores are better."""
    baselines: tuple[Baseline, ...] = ()
    """Scores of trivial predictors; the first one is the run's `baseline`."""
    attainable: float | None = None
    """Score that a model with perfect memory can reach; null if unknown."""
    reference: Reference | None = None
    """What simple models reach; null if the attainable score is known, or it was not measured."""
    required_lag: RequiredLag = RequiredLag()
    """The lag at which the target depends on the input."""
    shift: Mapping[Split, RangeShift] | None = None
    """How far validation and test lie from training; null if unknown, as in facts that were stored
    before it was measured."""
    longer_context: LongerContext | None = None
    """What timesteps before the window, or before `max_length`, would tell; null if unknown."""
    length: int
    """Timesteps of the longest training sequence."""
    input_size: int
    """Numbers that the network reads at each timestep."""
    output_size: int
    """Numbers that it gives at each timestep."""
    many_to_one: bool
    """True if the loss is computed only at the last valid timestep of each sequence."""
    notes: tuple[str, ...] = ()
    """Sentences on what of the data is not used, such as series that are too short."""

    @property
    def baseline(self) -> Baseline | None:
        """The baseline in the metric that the task is judged by."""
        return self.baselines[0] if self.baselines else None

    @property
    def metric_in_units(self) -> str:
        """The metric of `baseline_in_units`."""
        baseline = self.baseline_in_units
        return self.metric if baseline is None else baseline.metric

    @property
    def baseline_in_units(self) -> Baseline | None:
        """The best baseline in the units of the data, by the same metric."""
        metric = self.metric.removesuffix(SCALED)
        return next((one for one in self.baselines if one.metric == metric), self.baseline)


@dataclass(frozen=True, kw_only=True)
class TaskShape:
    """The sizes of a model that the data determines, and the longest sequence in timesteps."""

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
