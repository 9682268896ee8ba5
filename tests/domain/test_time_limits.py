"""A run without a time limit gets the installation's; none is longer than the largest."""

import pytest

from app.domain.errors import InvalidSpec, Problem
from app.domain.time_limits import UNLIMITED, TimeLimits, with_time_limit
from tests.domain.builders import job


@pytest.mark.parametrize(
    ("asked_s", "limits", "limit_s"),
    [
        (None, UNLIMITED, None),
        (1e6, UNLIMITED, 1e6),
        (None, TimeLimits(default_s=60.0), 60.0),
        (5.0, TimeLimits(default_s=60.0), 5.0),
        (90.0, TimeLimits(default_s=60.0), 90.0),
        (None, TimeLimits(max_s=100.0), 100.0),
        (None, TimeLimits(default_s=60.0, max_s=100.0), 60.0),
        (100.0, TimeLimits(default_s=60.0, max_s=100.0), 100.0),
    ],
)
def test_the_limit_is_the_spec_s_own_then_the_default_then_the_largest(
    asked_s: float | None, limits: TimeLimits, limit_s: float | None
) -> None:
    spec = job(training={"time_limit_s": asked_s})

    limited = with_time_limit(spec, limits)

    assert limited.training.time_limit_s == limit_s
    assert limited.training.num_steps == spec.training.num_steps


def test_a_limit_above_the_largest_is_refused_with_the_largest() -> None:
    spec = job(training={"time_limit_s": 100.5})

    with pytest.raises(InvalidSpec) as refused:
        with_time_limit(spec, TimeLimits(max_s=100.0), pointer="/there")

    assert refused.value.problems == (
        Problem(
            pointer="/there",
            detail="the largest time limit of this installation is 100 s",
            code="time_limit_too_long",
        ),
    )
