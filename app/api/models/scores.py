"""Views of scores: of a run, of its baseline and of the best simple model."""

from app.api.models.view import Derived, View
from app.domain.runs import Run
from app.domain.scopes import SPLITS
from app.domain.task import TaskFacts


class MetricsView(View):
    """Latest scores on each part of the data."""

    train: dict[str, Derived | None]
    """Metric -> latest score on the training part; null where it is not finite."""
    validation: dict[str, Derived | None]
    """The same on the validation part."""
    test: dict[str, Derived | None]
    """The same on the test part."""


class BestView(View):
    """The evaluation whose weights are kept as the best."""

    step: int
    """Step of the evaluation."""
    metric: str
    """The metric that the task is judged by."""
    value: Derived | None
    """Its score on the validation part; null where it is not finite."""


class ScoresView(View):
    """One number for each split; null where it is unknown or not finite."""

    train: Derived | None = None
    """On the training part."""
    validation: Derived | None = None
    """On the validation part."""
    test: Derived | None = None
    """On the test part."""


class BaselineView(View):
    """A trivial predictor, and its scores."""

    name: str
    """For example `naive`, `predict_mean`, `predict_median`, `majority_class`."""
    metric: str
    """The metric of its scores, in the units of the data."""
    value: Derived | None
    """Its score on the validation split, or on the first other one if there is none."""
    scores: ScoresView
    """Its scores on the same rows of each split that the model is scored on."""


class ReferenceView(View):
    """The best simple model, and its scores."""

    name: str
    """`lags`, `statistics`, `reservoir` or `n_grams`: the model with the best validation score."""
    metric: str
    """The metric of its scores, in the units of the data."""
    scores: ScoresView
    """Its scores on the same rows of each split that the model is scored on."""
    source: str
    """Its formula, and what it was fitted to."""
    nonlinear_score: Derived | None
    """The best validation score of a nonlinear model, in the metric of `task.metric`."""
    are_residuals_white: bool | None
    """Whether its residuals on the validation part of a forecast are white noise; null for other
    tasks, and where there are too few."""


def view_reference(task: TaskFacts) -> ReferenceView | None:
    reference, metric = task.reference, task.metric_in_units
    if reference is None:
        return None
    scores = {split: reference.score_on(split, metric) for split in SPLITS}
    return ReferenceView.of(reference, metric=metric, scores=ScoresView(**scores))


def view_metrics(run: Run) -> MetricsView:
    splits = {split: dict(run.metrics.get(split, {})) for split in MetricsView.model_fields}
    return MetricsView(**splits)
