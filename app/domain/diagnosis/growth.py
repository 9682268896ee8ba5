"""Whether the recurrence enlarges gradients: their growth with the lag, and Lyapunov exponents."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.episodes import Sign, largest_signs
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.scopes import Scope, ScopeKind
from app.domain.telemetry import LagProfile

#: Ends of the interval of `lyapunov_1`.
LOW, HIGH = "lyapunov_1.low", "lyapunov_1.high"


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What one probe says of the growth of gradients with the lag."""

    step: int
    #: ln of the gradient at the longest lag / at lag 0.
    log_rise: float
    #: Largest Lyapunov exponent of a layer, in nats per timestep; None if it was not measured.
    lyapunov: float | None
    #: Its 95 % interval; None if it was not measured.
    lyapunov_interval: tuple[float, float] | None = None

    def is_expansive(self, limits: ExplodingThresholds) -> bool:
        """Returns whether the gradient grows so much that the recurrence is expansive.

        A rise that training needs is small or comes with an exponent near 0. Where the exponent is
        not known, the rise alone must be large. An exponent whose interval holds 0 is not above it.
        """
        if self.lyapunov is None:
            return self.log_rise > log(limits.max_rise)
        is_positive = self.lyapunov_interval is None or self.lyapunov_interval[0] > 0
        is_chaotic = is_positive and self.lyapunov >= limits.min_lyapunov
        return is_chaotic and self.log_rise > log(limits.min_chaotic_rise)


def growths(case: Case) -> tuple[Growth, ...]:
    """Returns one for each probe with a lag profile, by step."""
    return case.derived(_growths)


def _growths(case: Case) -> tuple[Growth, ...]:
    exponents = {sign.step: sign for sign in largest_signs(case, "lyapunov_1", ScopeKind.LAYER)}
    ends = {
        (reading.quantity, reading.step, reading.scope): reading.value
        for reading in case.telemetry.scalar_readings
        if reading.quantity in {LOW, HIGH}
    }
    return tuple(
        _growth(profile.step, rise, exponents.get(profile.step), ends)
        for profile in case.uncut_profiles
        if (rise := rise_of(profile)) is not None
    )


def _growth(
    step: int, rise: float, sign: Sign | None, ends: Mapping[tuple[str, int, Scope], float]
) -> Growth:
    if sign is None:
        return Growth(step=step, log_rise=rise, lyapunov=None)
    low, high = (ends.get((quantity, step, sign.scope)) for quantity in (LOW, HIGH))
    return Growth(
        step=step,
        log_rise=rise,
        lyapunov=sign.value,
        lyapunov_interval=None if low is None or high is None else (low, high),
    )


def rise_of(profile: LagProfile) -> float | None:
    """Returns ln of the gradient at the longest lag / at lag 0; None if one of them is unknown."""
    logs = profile.log_norm_T[profile.num_anchors_T > 0]
    if logs.size > 1 and np.isfinite(logs[0]) and not np.isnan(logs[-1]):
        return float(logs[-1] - logs[0])
    return None
