"""What a task knows: its baseline, and which of two scores is better."""

import pytest

from app.domain.task import Baseline, MetricMode
from tests.domain.builders import task

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("mode", "value", "than", "is_better"),
    [
        (MetricMode.MINIMISE, 1.0, 2.0, True),
        (MetricMode.MINIMISE, 2.0, 1.0, False),
        (MetricMode.MAXIMISE, 2.0, 1.0, True),
        (MetricMode.MAXIMISE, 1.0, 2.0, False),
    ],
)
def test_the_mode_says_which_score_is_better(
    mode: MetricMode, value: float, than: float, *, is_better: bool
) -> None:
    assert mode.is_better(value, than=than) is is_better


@pytest.mark.parametrize("mode", MetricMode)
def test_the_first_finite_score_is_better_than_none(mode: MetricMode) -> None:
    assert mode.is_better(1.0, than=None)


@pytest.mark.parametrize("mode", MetricMode)
def test_of_equal_scores_the_earlier_one_stays_the_best(mode: MetricMode) -> None:
    assert not mode.is_better(1.0, than=1.0)


@pytest.mark.parametrize("mode", MetricMode)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_score_that_is_not_finite_is_never_better(mode: MetricMode, value: float) -> None:
    assert not mode.is_better(value, than=None)
    assert not mode.is_better(value, than=1.0)


def test_the_first_baseline_is_the_one_that_a_run_is_judged_by() -> None:
    first, second = (
        Baseline(name=name, metric="mse", value=1.0, source="given") for name in ("naive", "mean")
    )
    facts = task().model_copy(update={"baselines": (first, second)})

    assert facts.baseline == first
    assert task(has_baseline=False).baseline is None


def test_the_metric_in_units_is_that_of_the_baseline_or_the_task_s_own() -> None:
    scaled = Baseline.constant(name="mean", metric="mse_scaled", value=1.0, source="measured")
    plain = Baseline.constant(name="mean", metric="mse", value=9.0, source="measured")
    known = task().model_copy(update={"metric": "mse_scaled", "baselines": (scaled, plain)})

    assert known.metric_in_units == "mse"
    assert known.model_copy(update={"baselines": (scaled,)}).metric_in_units == "mse_scaled"
    assert known.model_copy(update={"baselines": ()}).metric_in_units == "mse_scaled"


@pytest.mark.parametrize(
    ("mode", "value", "holds"),
    [
        (MetricMode.MINIMISE, 0.1, True),
        (MetricMode.MINIMISE, 0.2, True),
        (MetricMode.MINIMISE, 0.3, False),
        (MetricMode.MAXIMISE, 0.3, True),
        (MetricMode.MAXIMISE, 0.1, False),
        (MetricMode.MAXIMISE, INF, False),
    ],
)
def test_a_score_is_at_least_as_good_as_another(
    mode: MetricMode, value: float, *, holds: bool
) -> None:
    assert mode.is_at_least(value, as_good_as=0.2) is holds
