"""Why a run is no better than a trivial predictor."""

import math

import pytest

from app.domain.diagnosis.case import Case
from app.domain.runs import StopReason
from app.domain.telemetry import LagProfile
from tests.domain.builders import case, profile, scores, telemetry
from tests.domain.diagnosis.causes.judged import cause_of

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
EVERY_50 = range(0, 1000, 50)


def _not_learned(profiles: tuple[LagProfile, ...] = (), update_ratio: float = 1e-3) -> Case:
    """A run that ends where a trivial predictor is."""
    seen = telemetry(readings=FLAT, profiles=profiles, update_ratio=update_ratio)
    return case(seen=seen, stop_reason=StopReason.COMPLETED)


@pytest.mark.parametrize(
    ("profiles", "update_ratio", "code"),
    [
        (tuple(profile(s, horizon=10 + s // 20) for s in EVERY_50), 1.0, "reach_still_growing"),
        ((profile(900, log_rise=70.0),), 1.0, "short_reach"),
        ((profile(900, ratio=1e30, log_rise=70.0),), 1.0, "expansive_recurrence"),
        ((profile(900, ratio=0.5),), 1e-7, "learning_rate_too_low"),
        ((profile(900, ratio=0.5),), 1.0, "learning_rate_too_high"),
        ((profile(900, ratio=0.5),), 1e-3, None),
        ((), math.nan, None),
    ],
)
def test_a_run_that_does_not_learn_is_explained_by_reach_then_curve_then_updates(
    profiles: tuple[LagProfile, ...], update_ratio: float, code: str | None
) -> None:
    cause = cause_of("no_better_than_baseline", _not_learned(profiles, update_ratio))

    assert (cause.code if cause else None) == code


def test_a_short_reach_is_told_with_horizon_and_required_lag() -> None:
    cause = cause_of("no_better_than_baseline", _not_learned((profile(900),)))

    assert cause
    assert cause.evidence == {"gradient_horizon_timesteps": 10, "required_lag_timesteps": 199}


def test_a_growing_reach_is_told_with_its_growth() -> None:
    profiles = tuple(profile(s, horizon=10 + s // 20) for s in EVERY_50)

    cause = cause_of("no_better_than_baseline", _not_learned(profiles))

    assert cause
    # a timestep every 20 steps
    assert cause.evidence == {"horizon_trend_timesteps_per_1000_steps": pytest.approx(50, rel=0.05)}


@pytest.mark.parametrize(("rise", "is_cause"), [(0.99e4, False), (1.01e4, True)])
def test_only_a_steep_curve_keeps_a_run_from_learning(rise: float, *, is_cause: bool) -> None:
    profiles = (profile(900, ratio=0.5, log_rise=math.log(rise)),)

    cause = cause_of("no_better_than_baseline", _not_learned(profiles))

    assert (cause is not None) is is_cause
    if cause:
        assert cause.evidence == {
            "log10_gradient_ratio_at_longest_lag": pytest.approx(math.log10(rise))
        }


@pytest.mark.parametrize(
    ("update_ratio", "code"),
    [
        (0.9e-5, "learning_rate_too_low"),
        (1.1e-5, None),
        (0.09, None),
        (0.11, "learning_rate_too_high"),
    ],
)
def test_updates_are_too_small_or_too_large_beyond_their_thresholds(
    update_ratio: float, code: str | None
) -> None:
    cause = cause_of("no_better_than_baseline", _not_learned(update_ratio=update_ratio))

    assert (cause.code if cause else None) == code
