"""Skill: one scale for every task."""

from collections.abc import Mapping

import pytest

from app.domain.skill import skill_of
from app.domain.task import MetricMode, TaskFacts
from tests.domain.builders import task


def facts(mode: MetricMode, value: float) -> TaskFacts:
    return task(mode=mode, floor=value, metric="score")


@pytest.mark.parametrize(
    ("mode", "baseline", "metrics", "expected"),
    [
        (MetricMode.MINIMISE, 0.5, {"validation": {"score": 0.1}}, 0.8),
        (MetricMode.MINIMISE, 0.5, {"validation": {"score": 1.0}}, -1.0),
        (MetricMode.MAXIMISE, 0.5, {"validation": {"score": 0.9}}, 0.8),
        (
            MetricMode.MINIMISE,
            0.5,
            {"validation": {"score": 0.1}, "test": {"score": 0.25}},
            0.5,
        ),
        (MetricMode.MINIMISE, 0.0, {"validation": {"score": 0.1}}, None),
        (MetricMode.MAXIMISE, 1.0, {"validation": {"score": 0.1}}, None),
        (MetricMode.MINIMISE, 0.5, {"validation": {"score": None}}, None),
        (MetricMode.MINIMISE, 0.5, {"train": {"score": 0.1}}, None),
    ],
)
def test_skill_is_0_at_the_baseline_and_1_when_perfect(
    mode: MetricMode,
    baseline: float,
    metrics: Mapping[str, Mapping[str, float | None]],
    expected: float | None,
) -> None:
    skill = skill_of(facts(mode, baseline), metrics)

    assert skill == (None if expected is None else pytest.approx(expected))


def test_without_a_task_there_is_no_skill() -> None:
    assert skill_of(None, {}) is None
