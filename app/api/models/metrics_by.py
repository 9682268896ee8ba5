"""Views of scores by horizon, series and class."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field, JsonValue

from app.api.models.view import Derived, View
from app.domain.scopes import SPLITS

Metrics = dict[str, Derived | None]


class SplitMetricsView(View):
    """Metrics of each split; empty where it has no target of the kind."""

    train: Metrics = Field(default_factory=dict)
    """Metric -> score on the training part."""
    validation: Metrics = Field(default_factory=dict)
    """Metric -> score on the validation part."""
    test: Metrics = Field(default_factory=dict)
    """Metric -> score on the test part."""


class HorizonMetricsView(SplitMetricsView):
    """Metrics of one timestep ahead."""

    step: int
    """Timesteps ahead, from 1."""


class ConfusionView(View):
    """Counts: the row is the class of the target, the column the class that was predicted."""

    classes: list[str]
    """Names of rows and columns."""
    train: list[list[int]] | None = None
    """On the training part; null where it was not evaluated."""
    validation: list[list[int]] | None = None
    """On the validation part; null where it was not evaluated."""
    test: list[list[int]] | None = None
    """On the test part; null where it was not evaluated."""


class MetricsByView(View):
    """Metrics of the last evaluation, divided. Parts that a task lacks are empty."""

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    horizon: list[HorizonMetricsView] = Field(default_factory=list)
    """Of a forecast, by step ahead: the first 100 steps."""
    recursive: list[HorizonMetricsView] = Field(default_factory=list)
    """Of a forecast with `recursive_steps` that goes on from its own predictions: at most 100 steps
    ahead, on validation and test. `naive_mae` is the error of the (seasonal) naive forecast."""
    series: dict[str, SplitMetricsView] = Field(default_factory=dict)
    """Of a forecast of several series: the first 100 labels in alphabetical order."""
    class_: dict[str, SplitMetricsView] = Field(default_factory=dict, alias="class")
    """Of classes: recall, precision, f1 and the number of targets of the first 50 classes."""
    confusion: ConfusionView | None = None
    """Of the same classes; null for other tasks."""


def view_metrics_by(details: Mapping[str, Mapping[str, JsonValue]]) -> MetricsByView | None:
    """`details` are by split. None where there are none."""
    if not any(details.values()):
        return None
    horizon: dict[int, dict[str, Any]] = {}
    recursive: dict[int, dict[str, Any]] = {}
    series: dict[str, dict[str, JsonValue]] = {}
    classes: dict[str, dict[str, JsonValue]] = {}
    confusion: dict[str, Any] = {}
    for split in SPLITS:
        found: Mapping[str, Any] = details.get(split, {})
        for step, metrics in enumerate(found.get("horizon", ()), start=1):
            horizon.setdefault(step, {"step": step})[split] = metrics
        for entry in found.get("recursive", ()):
            metrics = {name: value for name, value in entry.items() if name != "step"}
            recursive.setdefault(entry["step"], {"step": entry["step"]})[split] = metrics
        for label, metrics in found.get("series", {}).items():
            series.setdefault(label, {})[split] = metrics
        for label, metrics in found.get("class", {}).items():
            classes.setdefault(label, {})[split] = metrics
        if "confusion" in found:
            confusion[split] = found["confusion"]
    return MetricsByView.model_validate(
        {
            "horizon": [horizon[step] for step in sorted(horizon)],
            "recursive": [recursive[step] for step in sorted(recursive)],
            "series": series,
            "class": classes,
            "confusion": {"classes": list(classes), **confusion} if confusion else None,
        }
    )
