"""What evaluations change on a run's row: its last metrics and its best score."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.domain.runs import BestScore
from app.domain.task import JUDGED_SPLIT, TaskFacts
from app.domain.telemetry import ScalarReading
from app.store.documents import finite

Metrics = Mapping[str, Mapping[str, float | None]]
#: Scopes that are parts of the data; readings in them are task metrics.
SPLITS = ("train", "validation", "test")


def evaluations_in(readings: Sequence[ScalarReading]) -> Mapping[int, Metrics]:
    """Step -> split -> metric -> value, None where it is not finite."""
    found: dict[int, dict[str, dict[str, float | None]]] = {}
    for reading in readings:
        if reading.scope in SPLITS:
            splits = found.setdefault(reading.step, {})
            splits.setdefault(reading.scope, {})[reading.quantity] = finite(reading.value)
    return dict(sorted(found.items()))


def latest(known: Metrics, evaluations: Mapping[int, Metrics]) -> Metrics:
    """The metrics after these evaluations: the last value of each."""
    merged = {split: dict(metrics) for split, metrics in known.items()}
    for splits in evaluations.values():
        for split, metrics in splits.items():
            merged.setdefault(split, {}).update(metrics)
    return merged


def best_of(
    known: BestScore | None, evaluations: Mapping[int, Metrics], task: TaskFacts | None
) -> BestScore | None:
    """The best finite score of the judged metric; the earlier one of equals."""
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
