"""How much better than the trivial predictor a run is, on one scale for every task."""

from collections.abc import Mapping

from app.domain.task import MetricMode, TaskFacts

#: Splits in the order of preference: test data is scored once, at the end.
_SPLITS = ("test", "validation")


def skill_of(
    task: TaskFacts | None, metrics: Mapping[str, Mapping[str, float | None]]
) -> float | None:
    """0 = the baseline, 1 = perfect, below 0 = worse than it; None where it cannot be said.

    1 - value / baseline for a metric that is minimised (the skill score of Murphy 1988),
    (value - baseline) / (1 - baseline) for one that is maximised (as Cohen's kappa does it).
    """
    baseline = task.baseline if task else None
    if task is None or baseline is None:
        return None
    scores = (metrics.get(split, {}).get(baseline.metric) for split in _SPLITS)
    value = next((score for score in scores if score is not None), None)
    if value is None:
        return None
    if task.mode is MetricMode.MINIMISE:
        return None if baseline.value == 0 else 1 - value / baseline.value
    return None if baseline.value == 1 else (value - baseline.value) / (1 - baseline.value)
