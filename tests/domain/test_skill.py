"""Skill: one scale for every task, each split over the baseline of the same split."""

from collections.abc import Mapping

import pytest

from app.domain.scopes import Split
from app.domain.skill import skill_of
from app.domain.task import Baseline, MetricMode, TaskFacts
from tests.domain.builders import task


def facts(
    scores: Mapping[Split, float | None], *, mode: MetricMode = MetricMode.MINIMISE
) -> TaskFacts:
    floor = Baseline(name="naive", metric="score", value=0.5, scores=scores, source="given")
    return task(metric="score", mode=mode).model_copy(update={"baselines": (floor,)})


@pytest.mark.parametrize(
    ("mode", "baseline", "score", "expected"),
    [
        (MetricMode.MINIMISE, 0.5, 0.1, 0.8),
        (MetricMode.MINIMISE, 0.5, 1.0, -1.0),
        (MetricMode.MAXIMISE, 0.5, 0.9, 0.8),
        (MetricMode.MINIMISE, 0.0, 0.1, None),
        (MetricMode.MAXIMISE, 1.0, 0.1, None),
        (MetricMode.MINIMISE, 5e-324, 0.1, None),
        (MetricMode.MINIMISE, 0.5, None, None),
        (MetricMode.MINIMISE, None, 0.1, None),
    ],
)
def test_skill_is_0_at_the_baseline_and_1_when_perfect(
    mode: MetricMode, baseline: float | None, score: float | None, expected: float | None
) -> None:
    skill = skill_of(facts({"test": baseline}, mode=mode), {"test": {"score": score}})

    assert skill["test"] == (None if expected is None else pytest.approx(expected))
    assert (skill["train"], skill["validation"]) == (None, None)


def test_each_split_is_compared_with_the_baseline_of_the_same_split() -> None:
    floors: Mapping[Split, float | None] = {"train": 1.0, "validation": 2.0, "test": 50.0}

    skill = skill_of(facts(floors), {split: {"score": 1.0} for split in floors})

    assert skill == pytest.approx({"train": 0.0, "validation": 0.5, "test": 0.98})


def test_the_skill_is_that_in_the_units_of_the_data() -> None:
    scaled, own = (
        Baseline.constant(name="naive", metric=metric, value=value, source="given")
        for metric, value in (("mse_scaled", 1.0), ("mse", 100.0))
    )
    facts = task(metric="mse_scaled").model_copy(update={"baselines": (scaled, own)})

    skill = skill_of(facts, {"test": {"mse": 25.0, "mse_scaled": 0.9}})

    assert facts.baseline == scaled
    assert skill["test"] == pytest.approx(0.75)


def test_without_a_task_or_a_baseline_there_is_no_skill() -> None:
    assert set(skill_of(None, {}).values()) == {None}
    assert set(skill_of(task(has_baseline=False), {}).values()) == {None}
