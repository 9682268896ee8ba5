"""The skill of a run: how much better it is than its baseline, on one scale for all tasks."""

import math
from collections.abc import Mapping

from app.domain.scopes import SPLITS, Split
from app.domain.task import MetricMode, TaskFacts


def skill_of(
    task: TaskFacts | None, metrics: Mapping[str, Mapping[str, float | None]]
) -> Mapping[Split, float | None]:
    """Returns the skill on each split: 0 for the baseline, 1 for a perfect score, below 0 if worse.

    The score of a split is compared with that of the baseline on the same split. The skill is
    1 - score / baseline for a metric that is minimised (the skill score of Murphy 1988) and
    (score - baseline) / (1 - baseline) for one that is maximised (as in Cohen's kappa). It is None
    where a score is unknown, or the baseline is perfect.
    """
    baseline = task.baseline_in_units if task else None
    if task is None or baseline is None:
        return dict.fromkeys(SPLITS)
    return {
        split: _skill(
            metrics.get(split, {}).get(baseline.metric), baseline.scores.get(split), task.mode
        )
        for split in SPLITS
    }


def _skill(score: float | None, floor: float | None, mode: MetricMode) -> float | None:
    ideal = 0.0 if mode is MetricMode.MINIMISE else 1.0
    if score is None or floor is None or floor == ideal:
        return None
    skill = (score - floor) / (ideal - floor)
    return skill if math.isfinite(skill) else None
