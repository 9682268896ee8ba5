"""Scores on one scale for errors, entropies and accuracies."""

import math
from dataclasses import replace
from typing import Any

import pytest

from app.domain.diagnosis.outcome import outcome_of
from app.domain.diagnosis.outlook.scale import MOST_HEIGHT, RESOLUTION, Scale, scale_of
from app.domain.task import MetricMode
from tests.domain.builders import task
from tests.domain.diagnosis.learning import learning


def scale(**changes: Any) -> Scale | None:
    case = learning(validation=[0.9], facts=task(floor=1.0, **changes))
    outcome = outcome_of(case)
    assert outcome is not None
    return scale_of(case, outcome.judged)


ERROR = Scale(best=0.0, distance=2.0)
ACCURACY = Scale(best=1.0, distance=-0.5)


@pytest.mark.parametrize(("one", "baseline"), [(ERROR, 2.0), (ACCURACY, 0.5)])
def test_the_height_is_about_zero_at_the_baseline(one: Scale, baseline: float) -> None:
    assert one.height_of(baseline) == pytest.approx(math.log(1 + RESOLUTION))


def test_each_halving_of_the_distance_lowers_the_height_alike() -> None:
    first, second, third = map(ERROR.height_of, (2.0, 1.0, 0.5))

    assert first - second == pytest.approx(second - third, abs=0.02)


@pytest.mark.parametrize(
    ("one", "score"), [(ERROR, math.inf), (ERROR, 1e300), (ERROR, math.nan), (ACCURACY, -math.inf)]
)
def test_a_score_that_is_far_too_bad_has_the_largest_height(one: Scale, score: float) -> None:
    assert one.height_of(score) == MOST_HEIGHT


@pytest.mark.parametrize(("one", "score"), [(ERROR, 0.3), (ERROR, 5.0), (ACCURACY, 0.9)])
def test_a_height_gives_its_score_again(one: Scale, score: float) -> None:
    assert one.score_at(one.height_of(score)) == pytest.approx(score)


def test_no_score_is_better_than_the_best_one() -> None:
    assert ERROR.height_of(-1.0) == ERROR.height_of(0.0)
    assert ERROR.score_at(-100.0) == 0.0
    assert ACCURACY.score_at(-100.0) == 1.0


def test_the_best_score_is_the_attainable_or_the_ideal_one() -> None:
    assert scale(attainable=0.25) == Scale(best=0.25, distance=0.75)
    assert scale(attainable=None) == Scale(best=0.0, distance=1.0)
    assert scale(attainable=1.5, mode=MetricMode.MAXIMISE) == Scale(best=1.5, distance=-0.5)


def test_a_baseline_that_is_as_good_as_can_be_has_no_scale() -> None:
    assert scale(attainable=1.0) is None


def test_a_scale_needs_no_attainable_score_of_the_task() -> None:
    case = learning(validation=[0.9])
    outcome = outcome_of(case)
    assert outcome is not None

    assert scale_of(replace(case, task=None), outcome.judged) == Scale(best=0.0, distance=1.0)
