import math
from dataclasses import replace

import pytest

from app.domain.diagnosis.ranking.learning import loss_signs, reference_signs, score_signs
from app.domain.task import Baseline, Reference
from tests.domain.builders import FLOOR, case, scores, task, telemetry


def test_progress_is_measured_between_the_floor_and_the_attainable_score() -> None:
    readings = (
        *scores({0: FLOOR, 100: FLOOR / 4, 200: FLOOR / 4, 300: FLOOR / 4}, split="train"),
        *scores({0: FLOOR, 100: FLOOR / 2, 200: FLOOR, 300: 2 * FLOOR}),
    )

    found = score_signs(case(seen=telemetry(readings=readings)))

    assert found["train_progress"] == pytest.approx(0.75)
    assert found["validation_progress"] == pytest.approx(0.0)
    assert found["validation_best"] == pytest.approx(0.5)
    assert found["validation_fell"] == pytest.approx(0.5)
    assert found["gap_of_splits"] == pytest.approx(0.75)
    assert found["validation_best_at"] == 0.25


def test_a_score_that_is_not_finite_is_the_least_progress() -> None:
    readings = scores({0: math.nan, 100: math.inf, 200: math.nan})

    found = score_signs(case(seen=telemetry(readings=readings)))

    assert found["validation_progress"] == -3.0


@pytest.mark.parametrize("facts", [task(has_baseline=False), task(floor=0.0)])
def test_without_a_gap_to_the_floor_progress_is_unknown(facts) -> None:
    readings = scores({0: 0.2, 100: 0.1})

    found = score_signs(case(facts=facts, seen=telemetry(readings=readings)))

    assert math.isnan(found["validation_progress"])
    assert math.isnan(found["validation_best_at"])


def test_an_ideal_score_stands_for_an_unknown_attainable_one() -> None:
    facts = task(attainable=None)

    found = score_signs(case(facts=facts, seen=telemetry(readings=scores({0: FLOOR / 2}))))

    assert found["validation_progress"] == pytest.approx(0.5)


def test_progress_is_unknown_before_the_data_is_built() -> None:
    given = replace(case(), task=None)

    assert math.isnan(score_signs(given)["train_progress"])
    assert math.isnan(reference_signs(given)["reference_train"])
    assert math.isnan(reference_signs(given)["floor_shift"])


def test_a_reference_shows_what_the_task_allows() -> None:
    reference = Reference(
        name="lags",
        source="regression",
        metrics={"train": {"mse": FLOOR / 2}, "validation": {"mse": None}},
    )
    floor = Baseline(
        name="predict_mean",
        metric="mse",
        value=FLOOR,
        scores={"train": FLOOR, "validation": math.e * FLOOR},
        source="mean",
    )

    facts = task(attainable=None, reference=reference).model_copy(update={"baselines": (floor,)})

    found = reference_signs(case(facts=facts))

    assert found["reference_train"] == pytest.approx(0.5)
    assert math.isnan(found["reference_validation"])
    assert found["floor_shift"] == pytest.approx(1.0)


def test_a_loss_that_jumps_and_comes_down_again_has_a_tail() -> None:
    loss = [1.0] * 5 + [0.5] * 45 + [50.0] + [0.5] * 49

    found = loss_signs(case(seen=telemetry(num_steps=100, loss=loss)))

    assert found["loss_end_over_start"] == pytest.approx(math.log(0.5))
    assert found["loss_tail"] == pytest.approx(math.log(100))
    assert found["loss_max_over_start"] == pytest.approx(math.log(50))
    assert found["loss_early_max_over_start"] == 0
    assert found["loss_above_start"] == pytest.approx(1 / 90)
    assert found["loss_late_change"] == 0


def test_a_run_without_steps_has_no_signs_of_its_loss() -> None:
    found = loss_signs(case(seen=telemetry(num_steps=0)))

    assert all(map(math.isnan, found.values()))


def test_dropout_raises_the_loss_of_training_over_that_of_an_evaluation() -> None:
    readings = scores({0: 0.2, 100: 0.1}, split="train")

    found = loss_signs(case(seen=telemetry(loss=0.5, readings=readings)))

    assert found["loss_over_score"] == pytest.approx(math.log(0.5 / 0.15))
