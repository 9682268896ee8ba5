"""Derives a run's latest metrics and its best score from evaluations."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.domain.runs import BestScore
from app.domain.scopes import ScopeKind
from app.domain.task import JUDGED_SPLIT, TaskFacts
from app.domain.telemetry import ScalarReading
from app.store.documents import finite

Metrics = Mapping[str, Mapping[str, float | None]]


def evaluations_in(readings: Sequence[ScalarReading]) -> Mapping[int, Metrics]:
    """Returns step -> split -> metric -> value; the value is None if it is not finite.

    A reading of a split is a task metric.
    """
    found: dict[int, dict[str, dict[str, float | None]]] = {}
    for reading in readings:
        if reading.scope.kind is ScopeKind.SPLIT:
            splits = found.setdefault(reading.step, {})
            splits.setdefault(reading.scope.name, {})[reading.quantity] = finite(reading.value)
    return dict(sorted(found.items()))


def latest(known: Metrics, evaluations: Mapping[int, Metrics]) -> Metrics:
    """Returns the known metrics, updated by the evaluations: the last value of each metric."""
    merged = {split: dict(metrics) for split, metrics in known.items()}
    for splits in evaluations.values():
        for split, metrics in splits.items():
            merged.setdefault(split, {}).update(metrics)
    return merged


def best_of(
    known: BestScore | None, evaluations: Mapping[int, Metrics], task: TaskFacts | None
) -> BestScore | None:
    """Returns the best finite score of the task's metric on the judged split.

    The earlier of two equal scores wins. Without `task` nothing is compared.
    """
    if task is None:
        return known
    best = known
    for step, splits in evaluations.items():
        value = splits.get(JUDGED_SPLIT, {}).get(task.metric)
        earlier = None if best is None else best.value
        if value is not None and task.mode.is_better(value, than=earlier):
            best = BestScore(step=step, metric=task.metric, value=value)
    return best


def evaluation_event(step: int, metrics: Metrics) -> Mapping[str, JsonValue]:
    return {"step": step, "metrics": {split: dict(found) for split, found in metrics.items()}}
