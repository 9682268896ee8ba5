"""Metrics against independent implementations: scikit-learn and plain loops."""

import json
import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, r2_score, recall_score

from app.domain.specs.loss.quantile import QuantileLoss
from worker.scoring.classes import ClassTruth
from worker.scoring.numbers import NumberTruth


def test_errors_are_in_the_units_of_the_data_and_in_training_standard_deviations() -> None:
    wanted_NO = np.array([[10.0, 20.0], [30.0, 50.0]])
    truth = NumberTruth(
        wanted_NO=wanted_NO, mean_N=np.array([10.0, 40.0]), std_N=np.array([2.0, 5.0])
    )

    answer_NO = truth.in_units(np.array([[0.0, 4.0], [-2.0, 3.0]]))
    scores = truth.scores(answer_NO)

    assert answer_NO.tolist() == [[10, 18], [30, 55]]
    assert scores["mse"] == (4 + 25) / 4
    assert scores["mae"] == (2 + 5) / 4
    assert scores["rmse"] == math.sqrt(29 / 4)
    assert scores["mse_scaled"] == (1 + 1) / 4
    assert scores["mae_scaled"] == (1 + 1) / 4
    assert scores["r2"] == pytest.approx(r2_score(wanted_NO.ravel(), answer_NO.ravel()))


def test_a_target_that_was_not_measured_is_not_scored() -> None:
    truth = NumberTruth(
        wanted_NO=np.array([[1.0, np.nan], [np.nan, 5.0]]),
        mean_N=np.zeros(2),
        std_N=np.ones(2),
        naive_error_N=np.array([2.0, 4.0]),
    )

    scores = truth.scores(np.array([[2.0, 1e9], [1e9, 9.0]]))

    assert scores["mae"] == (1 + 4) / 2
    assert scores["mase"] == (1 / 2 + 4 / 4) / 2
    assert scores["smape"] == (2 * 1 / 3 + 2 * 4 / 14) / 2


def test_metrics_that_are_not_defined_are_left_out() -> None:
    constant = NumberTruth.as_it_is(np.array([[3.0], [3.0]]))
    flat = NumberTruth(
        wanted_NO=np.zeros((2, 1)),
        mean_N=np.zeros(2),
        std_N=np.ones(2),
        naive_error_N=np.full(2, np.nan),
    )

    assert set(constant.scores(np.zeros((2, 1)))) == {"mse", "mae", "rmse"}
    assert "mase" not in flat.scores(np.zeros((2, 1)))
    assert flat.scores(np.zeros((2, 1)))["smape"] == 0


@pytest.mark.parametrize("num_answered", [4, 6])
def test_classes_are_scored_as_scikit_learn_does(num_answered: int) -> None:
    rng = np.random.default_rng(3)
    wanted_N = rng.integers(0, 4, 200).astype(np.int32)
    answered_N = np.where(rng.random(200) < 0.5, wanted_N, rng.integers(0, num_answered, 200))

    scores = ClassTruth(codes_N=wanted_N).scores(
        np.stack([rng.random(200), answered_N.astype(float)], axis=1)
    )

    # unlike balanced_accuracy_score, this does not warn of classes that do not occur
    recall = recall_score(wanted_N, answered_N, labels=np.unique(wanted_N), average="macro")
    assert scores["balanced_accuracy"] == pytest.approx(recall)
    assert scores["macro_f1"] == pytest.approx(f1_score(wanted_N, answered_N, average="macro"))
    assert scores["accuracy"] == pytest.approx((wanted_N == answered_N).mean())


def test_classes_have_a_recall_and_a_confusion_matrix() -> None:
    rng = np.random.default_rng(4)
    wanted_N = rng.integers(0, 3, 90).astype(np.int32)
    answered_N = np.where(rng.random(90) < 0.5, wanted_N, rng.integers(0, 3, 90))
    answer_N2 = np.stack([rng.random(90), answered_N.astype(float)], axis=1)

    found: Any = ClassTruth(codes_N=wanted_N).details(answer_N2, classes=("a", "b", "c", "d"))

    by_class = found["class"]
    recalls = recall_score(wanted_N, answered_N, average=None)
    assert [by_class[label]["recall"] for label in "abc"] == pytest.approx(recalls)
    assert by_class["d"] == {"recall": None, "precision": None, "f1": None, "num_targets": 0}
    expected = confusion_matrix(wanted_N, answered_N, labels=[0, 1, 2, 3])
    assert found["confusion"] == expected.tolist()


def test_each_step_ahead_of_a_quantile_forecast_is_scored_by_its_own_outputs() -> None:
    truth = NumberTruth(
        wanted_NO=np.array([[1.0, 5.0]]),
        mean_N=np.zeros(1),
        std_N=np.ones(1),
        loss=QuantileLoss(kind="quantile", levels=(0.1, 0.5)),
        naive_error_N=np.array([1.0]),
    )

    found = truth.details(np.array([[0.0, 2.0, 4.0, 9.0]]), classes=())

    first, second = json.loads(json.dumps(found["horizon"]))
    assert (first["mae"], second["mae"]) == (1, 4)
    assert first["quantile_loss"] == pytest.approx((0.1 * 1 + 0.5 * 1) / 2)
    assert second["quantile_loss"] == pytest.approx((0.1 * 1 + 0.5 * 4) / 2)
