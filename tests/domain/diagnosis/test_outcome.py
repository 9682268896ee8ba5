"""What a run has learned on each split, beside what the task allows."""

import numpy as np
import pytest

from app.domain.diagnosis.outcome import MAX_LEVEL, outcome_of
from app.domain.diagnosis.standing import Standing
from app.domain.runs import StopReason
from app.domain.task import Baseline, MetricMode, Reference, TaskFacts
from tests.domain.builders import case, task
from tests.domain.diagnosis.learning import learning

NAIVE = Baseline(name="naive", metric="mse", value=0.22, source="")
MEAN = Baseline(name="predict_mean", metric="mse", value=1.3, source="")


def _reference(score: float, *, is_white: bool = True) -> Reference:
    return Reference.model_validate(
        {
            "name": "lags",
            "source": "",
            "metrics": {"validation": {"mse": score}},
            "nonlinear_score": score,
            "are_residuals_white": is_white,
        }
    )


def _standing(facts: TaskFacts, score: float) -> Standing:
    outcome = outcome_of(learning(validation=[score] * 21, facts=facts))
    assert outcome is not None
    return outcome.judged.standing


@pytest.mark.parametrize(
    ("score", "standing"),
    [
        (0.0, Standing.REACHED),
        (0.35, Standing.REACHED),
        (0.36, Standing.BEHIND),
        (0.89, Standing.BEHIND),
        (0.91, Standing.AT_FLOOR),
        (5.0, Standing.AT_FLOOR),
    ],
)
def test_the_level_decides_where_the_attainable_score_is_known(
    score: float, standing: Standing
) -> None:
    assert _standing(task(floor=1.0), score) is standing


@pytest.mark.parametrize(
    ("score", "standing"),
    [(0.5, Standing.REACHED), (0.9, Standing.BEHIND), (0.99, Standing.AT_FLOOR)],
)
def test_a_reference_model_stands_for_the_attainable_score(
    score: float, standing: Standing
) -> None:
    assert _standing(task(floor=1.0, attainable=None, reference=_reference(0.5)), score) is standing


@pytest.mark.parametrize(
    ("score", "standing"),
    [
        (0.212, Standing.REACHED),
        (0.25, Standing.REACHED),
        (0.27, Standing.AT_FLOOR),
        (0.9, Standing.AT_FLOOR),
    ],
)
def test_where_the_last_value_is_nearly_the_best_forecast_a_small_gap_is_none(
    score: float, standing: Standing
) -> None:
    facts = task(attainable=None, reference=_reference(0.21))
    with_naive = facts.model_copy(update={"baselines": (NAIVE, MEAN)})

    assert _standing(with_naive, score) is standing


@pytest.mark.parametrize(
    ("score", "is_white", "standing"),
    [
        (0.98, True, Standing.REACHED),
        (1.0, True, Standing.REACHED),
        (1.0, False, Standing.OPEN),
        (1.04, True, Standing.AT_FLOOR),
    ],
)
def test_where_no_reference_is_better_it_counts_what_is_shown(
    score: float, *, is_white: bool, standing: Standing
) -> None:
    reference = _reference(1.0, is_white=is_white)

    assert _standing(task(floor=1.0, attainable=None, reference=reference), score) is standing


@pytest.mark.parametrize(("score", "standing"), [(0.9, Standing.BETTER), (1.0, Standing.AT_FLOOR)])
def test_without_an_expected_score_only_the_baseline_is_known(
    score: float, standing: Standing
) -> None:
    assert _standing(task(floor=1.0, attainable=None), score) is standing


def test_a_metric_that_is_maximised_is_compared_the_other_way_round() -> None:
    facts = task(floor=0.25, attainable=1.0, mode=MetricMode.MAXIMISE, metric="mse")

    assert _standing(facts, 0.9) is Standing.REACHED
    assert _standing(facts, 0.5) is Standing.BEHIND
    assert _standing(facts, float("nan")) is Standing.AT_FLOOR


def test_validation_decides_and_training_is_beside_it() -> None:
    outcome = outcome_of(learning([0.0] * 21, [1.0] * 21))

    assert outcome is not None
    assert outcome.train is not None
    assert outcome.train.has_learned
    assert outcome.judged is outcome.validation
    assert not outcome.judged.has_learned


def test_gains_count_where_the_level_is_unknown() -> None:
    outcome = outcome_of(
        learning(validation=[2.0, 1.0, 0.4, 0.4], facts=task(floor=1.0, attainable=None))
    )

    assert outcome is not None
    assert outcome.judged.level is None
    assert outcome.judged.has_learned
    assert outcome.judged.gains_of(np.array([2.0, 0.4])) == pytest.approx([-1.0, 0.6])


def test_running_medians_ignore_a_single_evaluation_and_infinity_is_cut() -> None:
    outcome = outcome_of(learning(validation=[0.5, float("nan"), 0.5, float("nan"), float("inf")]))

    assert outcome is not None
    smooth = outcome.judged.smooth_n
    assert smooth[:3].tolist() == [0.5, 0.5, 0.5]
    assert outcome.judged.improvements_of(smooth)[-1] == -MAX_LEVEL


@pytest.mark.parametrize(
    ("num", "stop_reason", "is_due", "is_late"),
    [
        (5, None, False, False),
        (11, None, True, False),
        (16, None, True, True),
        (5, StopReason.CANCELLED, False, False),
        (5, StopReason.COMPLETED, True, True),
    ],
)
def test_a_run_is_expected_to_have_learned_after_half_of_its_steps(
    num: int, stop_reason: StopReason | None, *, is_due: bool, is_late: bool
) -> None:
    outcome = outcome_of(learning(validation=[1.0] * num, stop_reason=stop_reason))

    assert outcome is not None
    assert (outcome.is_due, outcome.is_late) == (is_due, is_late)


def test_without_scores_or_a_baseline_there_is_none() -> None:
    assert outcome_of(case()) is None
    assert outcome_of(learning([0.1], facts=task(has_baseline=False))) is None
