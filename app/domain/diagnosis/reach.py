"""How far back the gradient reaches at each probe, and whether the reach grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import isnan

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.thresholds import CALIBRATED, CHOSEN, count, share, threshold
from app.domain.telemetry import DoubleArray, LagProfile, LagRatio
from app.domain.theil_sen import Slope, theil_sen

#: Fewest probes of a trend, even if some of them lie before the stretch that it describes.
MIN_TREND_PROBES = 5
#: Largest share of a run that counts as its start.
SHORT_RUN_SHARE = 1 / 3


@dataclass(frozen=True, kw_only=True)
class VanishingThresholds:
    """The thresholds of `vanishing_gradient`: when a reach is short, grows and matters."""

    max_ratio: float = threshold(
        0.01,
        meaning=("gradient norm at the required lag / at lag 0, below which the reach is short"),
        source="1 %, as for the gradient horizon",
    )
    min_probes: int = count(
        3,
        unit="probes",
        meaning="number of latest probes that must agree",
        source=f"single probes vary; {CALIBRATED}",
    )
    settle_steps: int = count(
        100,
        unit="steps",
        low=0,
        meaning="number of first steps in which a short reach is only a prognosis",
        source=(
            "at step 0, a short horizon was as frequent in runs that later learned as in those "
            f"that did not; {CALIBRATED}"
        ),
    )
    settle_share: float = share(
        0.02,
        meaning="`settle_steps` as a share of the run's steps; the larger of the two applies",
        source="as `settle_steps`",
    )
    stall_share: float = share(
        0.2,
        meaning="share of the run's steps over which a reach that does not grow has stalled",
        source=CHOSEN,
    )
    min_growth: float = threshold(
        0.1,
        meaning="smallest relative growth of the reach over `stall_share` that counts as growth",
        source=CALIBRATED,
    )


class Reach(Enum):
    """Whether the gradient of one probe reaches the required lag, by the interval of its ratio."""

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


def sightings(case: Case) -> tuple[Sighting, ...]:
    """Returns the probes in order of step, without those whose ratio is not a number.

    They are of the gradient without the cut by `bptt_length`, which `truncation_too_short` judges.
    A probe in which no gradient arrives at lag 0 has no ratio.
    """
    max_ratio = case.thresholds.of(VanishingThresholds).max_ratio
    return tuple(
        Sighting(profile=profile, ratio=ratio, reach=_reach(ratio, max_ratio=max_ratio))
        for profile in case.uncut_profiles
        if not has_no_gradient(profile)
        and (ratio := least_ratio(case, profile)) is not None
        and not any(map(isnan, (ratio.value, *ratio.interval)))
    )


def has_no_gradient(profile: LagProfile) -> bool:
    """Returns whether no gradient arrives at lag 0, for instance because all units are dead."""
    return bool(profile.log_norm_T[0] == -np.inf)


def least_ratio(case: Case, profile: LagProfile) -> LagRatio | None:
    """Returns the ratio at the required lag or, in a bidirectional network, the least that counts.

    The backward direction reads the first timesteps last, so that the gradient is large again at
    the longest lags. Of the lags that occur, the one with the least gradient is judged. Its
    interval is as wide as that at the required lag, on a log scale, since only that is measured.
    """
    ratio = profile.ratio_at_required_lag
    if ratio is None or case.task is None or not case.spec.model.bidirectional:
        return ratio
    occurring = case.task.required_lag
    first = ratio.lag if occurring.min is None else occurring.min
    logs = profile.log_norm_T[first : ratio.lag + 1] - profile.log_norm_T[0]
    if not logs.size or np.isnan(logs).all():
        return ratio
    lag = first + int(np.nanargmin(logs))
    least = float(np.exp(np.nanmin(logs)))
    if least >= ratio.value:
        return ratio
    low, high = (least * end / ratio.value for end in ratio.interval)
    return LagRatio(lag=lag, value=least, interval=(low, high))


def settled(case: Case, seen: Sequence[Sighting]) -> Sequence[Sighting]:
    """Returns the probes after the start of the run."""
    first = settle_step(case)
    return [sighting for sighting in seen if sighting.step >= first]


def _reach(ratio: LagRatio, *, max_ratio: float) -> Reach:
    low, high = ratio.interval
    if high < max_ratio:
        return Reach.SHORT
    return Reach.LONG if low >= max_ratio else Reach.UNCLEAR


def settle_step(case: Case) -> int:
    """Returns the first step after the start of the run, by the thresholds.

    Of a short run the first third is the start, so that it can be judged at all.
    """
    limits = case.thresholds.of(VanishingThresholds)
    first = max(limits.settle_steps, int(limits.settle_share * case.num_steps))
    return min(first, int(SHORT_RUN_SHARE * case.num_steps))


@dataclass(frozen=True, kw_only=True)
class ReachTrend:
    """How the gradient horizon changes over the last stretch of the run."""

    #: Timesteps per step; None with too few probes.
    slope: Slope | None
    #: The horizon rises by at least `min_growth`, either with 95 % confidence or, before the run
    #: has ended, above its median before the stretch. Few probes with a wide interval do not prove
    #: a stall.
    may_grow: bool
    #: The horizon rises by as much, with 95 % confidence.
    is_growing: bool
    #: The horizon does not rise, and the probes cover the whole stretch.
    has_stalled: bool
    #: Length of the stretch, in steps.
    num_steps: int


def reach_trend(case: Case) -> ReachTrend:
    """Returns the trend of the horizon over the last `stall_share` of the run's steps."""
    thresholds = case.thresholds.of(VanishingThresholds)
    first = settle_step(case)
    profiles = [profile for profile in case.uncut_profiles if profile.step >= first]
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
    # a growth that is uncertain is a reason to wait only while the run continues
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
    """Returns the (n,) horizons of the probes, in timesteps."""
    return np.array([profile.horizon.value for profile in profiles], dtype=np.float64)


def _horizon_slope(profiles: Sequence[LagProfile]) -> Slope | None:
    steps = np.array([profile.step for profile in profiles], dtype=np.float64)
    return theil_sen(steps, horizons(profiles))


def _gains(slope: Slope, recent: Sequence[LagProfile], min_growth: float) -> bool:
    """Returns whether the slope raises the horizon by a timestep and by a share of its median."""
    gained = slope.value * (recent[-1].step - recent[0].step)
    return gained >= max(1.0, min_growth * float(np.median(horizons(recent))))


def _is_higher(
    recent: Sequence[LagProfile], earlier: Sequence[LagProfile], min_growth: float
) -> bool:
    if not earlier:
        return True
    before = float(np.median(horizons(earlier)))
    return float(np.median(horizons(recent))) >= (1 + min_growth) * before
