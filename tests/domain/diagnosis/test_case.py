import math
from dataclasses import replace

import numpy as np

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
