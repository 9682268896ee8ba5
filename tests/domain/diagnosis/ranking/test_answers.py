import math

import pytest

from app.domain.data_facts import ColumnShift, LongerContext, RangeShift
from app.domain.diagnosis.ranking.answers import answer_signs, data_signs, error_signs
from tests.domain.builders import LENGTH, case, reading, task, telemetry


def test_an_answer_that_is_always_the_same_class_is_a_collapse() -> None:
    readings = [
        reading("predicted_class_share", "model", 1.0),
        reading("target_class_share", "model", 0.6),
        reading("loss_share_of_few", "model", 0.3),
    ]

    found = answer_signs(case(seen=telemetry(readings=readings)))

    assert found["collapse"] == pytest.approx(0.4)
    assert found["loss_of_few_last"] == pytest.approx(0.3)
    assert math.isnan(found["prediction_spread_last"])


def test_few_large_errors_give_a_tail() -> None:
    readings = [
        reading("rmse", "train", 10.0),
        reading("mae", "train", 1.0),
        reading("rmse", "validation", 1.0),
        reading("mae", "validation", 1.0),
    ]

    found = error_signs(case(seen=telemetry(readings=readings)))

    assert found["train_error_tail"] == pytest.approx(math.log(10))
    assert found["error_tail_gap"] == pytest.approx(-math.log(10))


def test_facts_of_the_data_are_signs() -> None:
    moved = ColumnShift(column="y", outside_share=0.4, outside_distance=2.0, level_move=-3.0)
    facts = task(
        lag=(LENGTH - 1) // 2,
        shift={"validation": RangeShift(target=None), "test": RangeShift(target=moved)},
        longer_context=LongerContext(shown=3, enough=9, tried=12, gain=0.5, chance=0.05),
    )

    found = data_signs(facts)

    assert found["lag_share"] == pytest.approx(0.5, abs=0.01)
    assert found["gain_of_longer"] == 0.5
    assert found["gain_of_longer_over_chance"] == pytest.approx(math.log(11))
    assert found["outside_share"] == 0.4
    assert found["outside_distance"] == 2.0
    assert found["level_move"] == 3.0


def test_data_of_which_nothing_is_known_show_nothing_unusual() -> None:
    found = data_signs(task(lag=None))

    assert math.isnan(found["lag_share"])
    assert found["outside_share"] == 0.0
    assert found["gain_of_longer"] == 0.0


def test_before_the_data_is_built_nothing_of_it_is_known() -> None:
    assert all(map(math.isnan, data_signs(None).values()))
