"""Finds runs in which clipping shortens every step, and an unclipped step would be better.

An optimizer that divides by the size of the gradient takes the same step after clipping, unless
clipping makes the entries as small as its eps.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.explosions import recent
from app.domain.diagnosis.streaks import recent_median
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.diagnosis.travel import mean_update
from app.domain.specs.clipping.none import NoClipping

#: A coefficient this near to 1 is rounding, not clipping.
ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class ClippingAlwaysThresholds:
    """The thresholds of `clipping_always`."""

    min_clipped_fraction: float = share(
        0.99, meaning="smallest share of recent steps that clipping changed", source=CHOSEN
    )
    max_coefficient: float = share(
        0.1, meaning="largest median of norm after clipping / norm before it", source=BENCHMARK
    )
    min_factor: float = threshold(
        3.0,
        meaning="smallest best multiple of the update at which clipping shortens it too much",
        source=BENCHMARK,
    )
    max_room: float = threshold(
        10.0,
        meaning="sqrt(v) / eps below which an optimizer that divides by sqrt(v) is not scale-free",
        source="at 10, eps shortens a step by 9 %",
    )
    recent_steps: int = count(
        100,
        unit="steps",
        meaning="number of last steps that are recent, or a fifth of those done if that is more",
        source=CHOSEN,
    )
    min_history: int = count(
        20, unit="steps", meaning="fewest steps for a judgement", source=CHOSEN
    )
    max_update_ratio: float = threshold(
        2.5e-3,
        meaning="largest mean of ||update|| / ||weights|| of all steps",
        source=BENCHMARK,
    )
    min_probes: int = count(
        3, unit="probes", meaning="number of latest probes whose median counts", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class ShortenedSteps:
    """What clipping does to the recent steps."""

    #: Share of the steps that it changed.
    fraction: float
    #: Median of norm after clipping / norm before it.
    coefficient: float
    #: Median of sqrt(v) / eps; None for an optimizer that keeps no v.
    room: float | None
    #: Median of the best multiple of the update; None if it was not measured.
    factor: float | None
    #: First step from which on every step was clipped.
    first_step: int


def find_shortened_steps(case: Case) -> ShortenedSteps | None:
    """Returns None where clipping leaves steps as they are, or a longer step is no better."""
    limits = case.thresholds.of(ClippingAlwaysThresholds)
    coefficient_n = case.recorded("clip_coefficient")
    if isinstance(case.spec.clipping, NoClipping) or coefficient_n.size < limits.min_history:
        return None
    recent_n = coefficient_n[recent(case, num_steps=limits.recent_steps)].astype(np.float64)
    found = ShortenedSteps(
        fraction=float((recent_n < 1 - ROUNDING).mean()),
        coefficient=float(np.median(np.nan_to_num(recent_n, nan=1.0))),
        room=recent_median(case.probed("second_moment_over_eps")[1], least=limits.min_probes),
        factor=recent_median(case.probed("best_step_factor")[1], least=limits.min_probes),
        first_step=_first_step(case),
    )
    is_clipped = (
        found.fraction >= limits.min_clipped_fraction
        and found.coefficient <= limits.max_coefficient
        and mean_update(case) <= limits.max_update_ratio
    )
    return found if is_clipped and _is_too_short(case, found, limits) else None


def _is_too_short(case: Case, found: ShortenedSteps, limits: ClippingAlwaysThresholds) -> bool:
    if case.spec.optimizer.in_torch.second_moment is not None:
        # 0: most weights never had a gradient, so that nothing is known
        return found.room is not None and 0 < found.room < limits.max_room
    return found.factor is not None and found.factor >= limits.min_factor


def _first_step(case: Case) -> int:
    steps_n = case.telemetry.steps_n
    free_n = np.flatnonzero(~(case.recorded("clip_coefficient") < np.float64(1 - ROUNDING)))
    first = int(free_n[-1]) + 1 if free_n.size else 0
    return int(steps_n[min(first, steps_n.size - 1)])
