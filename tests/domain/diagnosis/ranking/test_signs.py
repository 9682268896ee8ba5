import math

import pytest

from app.domain.diagnosis.ranking.signs import signs
from tests.domain.builders import FLOOR, case, reading, scores, telemetry


def _signs(train: float, validation: float) -> dict[str, float]:
    readings = (
        *scores({0: train}, split="train"),
        *scores({0: validation}),
        reading("loss_share_of_few", "model", 0.8),
    )
    return dict(signs(case(seen=telemetry(readings=readings))))


def test_data_that_is_learned_by_heart_is_learned_in_training_alone() -> None:
    assert _signs(0.0, FLOOR)["by_heart"] == pytest.approx(1.0)
    assert _signs(0.0, 0.0)["by_heart"] == pytest.approx(0.0)
    assert _signs(FLOOR, FLOOR)["by_heart"] == pytest.approx(0.0)


def test_few_examples_matter_only_while_the_loss_is_not_learned() -> None:
    assert _signs(FLOOR, FLOOR)["few_left"] == pytest.approx(0.8)
    assert _signs(0.0, FLOOR)["few_left"] == pytest.approx(0.0)


def test_a_sign_of_what_was_not_measured_is_unknown() -> None:
    found = signs(case())

    assert math.isnan(found["by_heart"])
    assert math.isnan(found["behind_reference"])
