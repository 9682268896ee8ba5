"""The skill of a run: how much better it is than its baseline, on one scale for all tasks."""

from collections.abc import Mapping

from app.domain.task import MetricMode, TaskFacts

#: Splits in the order of preference: test data is scored once, at the end.
_SPLITS = ("test", "validation")


def skill_of(
    task: TaskFacts | None, metrics: Mapping[str, Mapping[str, float | None]]
) -> float | None:
    """Returns 0 for the baseline, 1 for a perfect score, below 0 for a worse one; None if unknown.

    It is 1 - value / baseline for a metric that is minimised (the skill score of Murphy 1988) and
    (value - baseline) / (1 - baseline) for one that is maximised (as in Cohen's kappa).
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
