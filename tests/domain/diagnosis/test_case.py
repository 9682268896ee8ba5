import math
from dataclasses import replace

import numpy as np

from app.domain.diagnosis.case import Case
from tests.domain.builders import case, telemetry


def test_a_step_is_bad_if_its_loss_or_gradient_is_not_finite_but_not_if_only_the_norm_overflows():
    loss = [0.1, math.nan, math.inf, 0.1, 0.1]
    norms = [1.0, 1.0, 1.0, math.nan, math.inf]

    found = case(seen=telemetry(num_steps=5, loss=loss, grad_norm=norms)).is_bad_n

    assert found.tolist() == [False, True, True, True, False]


def test_a_step_with_entries_that_are_not_finite_is_bad_and_an_unknown_count_is_one():
    seen = telemetry(num_steps=3)
    counts = np.array([0, 2, np.nan], dtype=np.float32)
    counted = replace(seen, scalars={**seen.scalars, "non_finite_count": counts})

    assert case(seen=counted).is_bad_n.tolist() == [False, True, True]


def test_what_is_derived_is_computed_once_a_case() -> None:
    judged = case()
    asked: list[Case] = []

    def compute(one: Case) -> int:
        asked.append(one)
        return len(asked)

    assert [judged.derived(compute), judged.derived(compute)] == [1, 1]
    assert asked == [judged]


def test_values_of_every_step_are_there_as_recorded_and_in_double_precision() -> None:
    judged = case(seen=telemetry(num_steps=3, loss=0.1))

    assert judged.recorded("loss") is judged.telemetry.scalars["loss"]
    assert judged.scalar("loss").dtype == np.float64
    assert judged.scalar("loss").tolist() == judged.recorded("loss").tolist()
    assert judged.recorded("unknown").size == judged.scalar("unknown").size == 0
