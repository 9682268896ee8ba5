"""How far the weights have gone."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.travel import mean_update, weight_growth
from tests.domain.builders import case, telemetry


@pytest.mark.parametrize(
    ("ratios", "mean"), [([0.1, 0.2, np.inf, 0.3], 0.2), ([np.nan, np.nan, np.inf, np.inf], 0.0)]
)
def test_updates_that_are_not_finite_have_no_part_in_the_mean(
    ratios: list[float], mean: float
) -> None:
    seen = telemetry(num_steps=4)
    column = np.array(ratios, dtype=np.float32)

    judged = case(seen=replace(seen, scalars={**seen.scalars, "update_ratio": column}))

    assert mean_update(judged) == pytest.approx(mean)


def test_growth_is_relative_to_the_start_and_infinite_where_the_weights_are() -> None:
    judged = case(seen=telemetry(num_steps=3, weight_norm=[2.0, 6.0, np.nan]))

    assert weight_growth(judged).tolist() == [1, 3, np.inf]


def test_weights_of_0_at_the_start_have_no_growth() -> None:
    judged = case(seen=telemetry(num_steps=2, weight_norm=[0.0, 6.0]))

    assert weight_growth(judged).tolist() == [1, 1]
