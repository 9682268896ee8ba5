"""Progress is 0 at the baseline and 1 at what the task allows."""

import math

import pytest

from app.domain.task import Baseline, MetricMode, Reference, TaskFacts
from app.domain.trials.progress import BEST, WORST, progress_of, target_score
from tests.domain.builders import task


def with_reference(score: float, *, floor: float = 1.0) -> TaskFacts:
    """A task whose best simple model scores this, and nothing else is known."""
    reference = Reference(
        name="lags", source="a test", metrics={"validation": {"mse": score}, "test": {"mse": score}}
    )
    return task(floor=floor, attainable=None, reference=reference)


@pytest.mark.parametrize(
    ("score", "progress"), [(0.2, 0.0), (0.1, 0.5), (0.0, 1.0), (0.3, -0.5), (9.0, WORST)]
)
def test_progress_is_the_share_of_the_way_to_the_attainable_score(
    score: float, progress: float
) -> None:
    assert progress_of(task(floor=0.2), "test", score) == pytest.approx(progress)


def test_a_score_that_is_not_finite_is_the_worst() -> None:
    assert progress_of(task(), "test", None) == WORST


def test_a_model_may_be_better_than_the_reference() -> None:
    facts = with_reference(0.6)

    assert progress_of(facts, "test", 0.4) == pytest.approx(1.5)
    assert progress_of(facts, "test", 0.0) == BEST


def test_half_of_the_floor_is_learned_where_it_is_unknown_what_the_task_allows() -> None:
    assert progress_of(task(floor=1.0, attainable=None), "test", 0.5) == pytest.approx(0.8)


def test_a_metric_that_is_maximised_grows() -> None:
    accuracy = task(floor=0.5, metric="accuracy", mode=MetricMode.MAXIMISE, attainable=1.0)
    unknown = task(floor=0.4, metric="accuracy", mode=MetricMode.MAXIMISE, attainable=None)

    assert progress_of(accuracy, "test", 0.9) == pytest.approx(0.8)
    assert progress_of(unknown, "test", 0.6) == pytest.approx(0.8)


def test_a_model_that_equals_a_reference_no_better_than_the_floor_has_learned_all() -> None:
    settled = with_reference(1.0).model_copy(
        update={
            "reference": Reference(
                name="lags",
                source="a test",
                metrics={"validation": {"mse": 1.0}, "test": {"mse": 1.0}},
                nonlinear_score=1.0,
                are_residuals_white=True,
            )
        }
    )

    assert progress_of(settled, "test", 1.001) == 1.0
    assert progress_of(settled, "test", 2.0) == WORST


def test_a_floor_of_zero_leaves_no_way() -> None:
    assert progress_of(task(floor=0.0, attainable=0.0), "test", 0.0) in {0.0, 1.0}
    assert progress_of(task(floor=0.0, attainable=None), "test", 0.1) == 0.0


def test_a_task_without_a_baseline_has_no_progress() -> None:
    assert progress_of(task(has_baseline=False), "test", 0.1) is None
    assert target_score(task(has_baseline=False)) is None


def test_runs_stop_at_nine_tenths_of_the_way() -> None:
    assert target_score(task(floor=0.2)) == pytest.approx(0.02)


def test_runs_do_not_stop_early_where_it_is_unknown_what_the_task_allows() -> None:
    assert target_score(task(attainable=None)) is None


def test_splits_have_floors_of_their_own() -> None:
    floor = Baseline(
        name="predict_mean",
        metric="mse",
        value=0.2,
        scores={"validation": 0.2, "test": 0.4},
        source="a test",
    )
    facts = task().model_copy(update={"baselines": (floor,)})

    assert progress_of(facts, "test", 0.1) == pytest.approx(0.75)
    assert not math.isclose(progress_of(facts, "validation", 0.1) or 0, 0.75)
