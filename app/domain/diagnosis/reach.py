"""How far back the gradient reaches, probe by probe, and whether that grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.thresholds import VanishingThresholds
from app.domain.diagnosis.trends import Slope, theil_sen
from app.domain.telemetry import DoubleArray, LagProfile, LagRatio

#: Fewest probes that a trend is taken over, even where they go further back than the stretch in
#: question.
MIN_TREND_PROBES = 5


class Reach(Enum):
    """What one probe says of the required lag, by the interval of its ratio."""

    SHORT = "short"
    LONG = "long"
    #: The interval spans the threshold.
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One probe whose ratio at the required lag is known."""

    profile: LagProfile
    ratio: LagRatio
    reach: Reach

    @property
    def step(self) -> int:
        return self.profile.step


def sightings(case: Case, *, max_ratio: float) -> tuple[Sighting, ...]:
    """Probes in order of step, without those whose ratio is not a number."""
    return tuple(
        Sighting(profile=profile, ratio=ratio, reach=_reach(ratio, max_ratio=max_ratio))
        for profile in case.profiles
        if (ratio := profile.ratio_at_required_lag) is not None
        and not np.isnan([ratio.value, *ratio.interval]).any()
    )


def _reach(ratio: LagRatio, *, max_ratio: float) -> Reach:
    low, high = ratio.interval
    if high < max_ratio:
        return Reach.SHORT
    return Reach.LONG if low >= max_ratio else Reach.UNCLEAR


def settle_step(case: Case, thresholds: VanishingThresholds) -> int:
    """The first step from which on a probe tells of the run rather than of its start."""
    return max(thresholds.settle_steps, int(thresholds.settle_share * case.num_steps))


@dataclass(frozen=True, kw_only=True)
class ReachTrend:
    """How the gradient horizon moves over the last stretch of the run."""

    #: Timesteps per step; None with too few probes.
    slope: Slope | None
    #: The horizon rises by more than a trifle: with 95 % confidence or, while the run lasts, above
    #: what it was before the stretch. A wide interval alone, of few probes, is no proof of a stall.
    may_grow: bool
    #: And does so with 95 % confidence.
    is_growing: bool
    #: It does not rise, and probes were there for a whole stretch.
    has_stalled: bool
    #: Steps of the stretch.
    num_steps: int


def reach_trend(case: Case, thresholds: VanishingThresholds) -> ReachTrend:
    """Trend of the horizon over the last `stall_share` of the steps asked for."""
    first = settle_step(case, thresholds)
    profiles = [profile for profile in case.profiles if profile.step >= first]
    num_steps = max(1, int(thresholds.stall_share * case.num_steps))
    begin = case.present_step - num_steps
    num_recent = sum(profile.step >= begin for profile in profiles)
    split = max(0, len(profiles) - max(num_recent, MIN_TREND_PROBES))
    earlier, recent = profiles[:split], profiles[split:]
    slope = _horizon_slope(recent)
    if slope is None:
        return ReachTrend(
            slope=None, may_grow=False, is_growing=False, has_stalled=False, num_steps=num_steps
        )
    is_certain = slope.interval[0] > 0
    # to wait for a growth that may be there makes sense only while the run goes on
    is_higher = not case.has_ended and _is_higher(recent, earlier, thresholds.min_growth)
    may_grow = _gains(slope, recent, thresholds.min_growth) and (is_certain or is_higher)
    return ReachTrend(
        slope=slope,
        may_grow=may_grow,
        is_growing=may_grow and is_certain,
        has_stalled=profiles[0].step <= begin and not may_grow,
        num_steps=num_steps,
    )


def horizons(profiles: Sequence[LagProfile]) -> DoubleArray:
    """(n,) horizon of each probe in timesteps."""
    return np.array([profile.horizon.value for profile in profiles], dtype=np.float64)


def _horizon_slope(profiles: Sequence[LagProfile]) -> Slope | None:
    steps = np.array([profile.step for profile in profiles], dtype=np.float64)
    return theil_sen(steps, horizons(profiles))


def _gains(slope: Slope, recent: Sequence[LagProfile], min_growth: float) -> bool:
    """The slope alone would raise the horizon by a timestep and by a share of it."""
    gained = slope.value * (recent[-1].step - recent[0].step)
    return gained >= max(1.0, min_growth * float(np.median(horizons(recent))))


def _is_higher(
    recent: Sequence[LagProfile], earlier: Sequence[LagProfile], min_growth: float
) -> bool:
    if not earlier:
        return True
    before = float(np.median(horizons(earlier)))
    return float(np.median(horizons(recent))) >= (1 + min_growth) * before
