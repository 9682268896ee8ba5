"""Does clipping hide a gradient that explodes, while the task is not learned?"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosion_view import ExplosionView
from app.domain.diagnosis.explosions import BoolArray, ExplodingThresholds, recent
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    NotAssessed,
)
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.progress_in_words import learned_share
from app.domain.diagnosis.prose import latest, percent, short
from app.domain.diagnosis.thresholds import CALIBRATED, CHOSEN, count, share, threshold
from app.domain.diagnosis.trends import finite_median
from app.domain.specs.clipping.none import NoClipping

CODE = "clipping_masks_explosion"
#: A coefficient this near to 1 is rounding, not clipping.
ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class ClippingThresholds:
    """The thresholds of `clipping_masks_explosion`."""

    min_clipped_fraction: float = share(
        0.5, meaning="smallest share of recent steps that clipping changed", source=CHOSEN
    )
    min_excess: float = threshold(
        10.0,
        low=1,
        meaning="smallest median of norm before clipping / norm after it",
        source=f"up to 4 in runs that learn, 1e20 in one that exploded; {CALIBRATED}",
    )
    recent_steps: int = count(
        100,
        unit="steps",
        meaning="number of last steps that are recent, or a fifth of those done if that is more",
        source=CHOSEN,
    )
    min_history: int = count(
        20,
        unit="steps",
        meaning="fewest finite steps for a judgement",
        source=CHOSEN,
    )


@dataclass(frozen=True, kw_only=True)
class _Clipped:
    """What clipping did in the recent steps."""

    fraction: float
    #: Median of norm before clipping / norm after it, over the clipped steps.
    excess: float


def detect(case: Case, limits: ClippingThresholds) -> Outcome:
    if isinstance(case.spec.clipping, NoClipping):
        return None
    if int(np.isfinite(case.recorded("clip_coefficient")).sum()) < limits.min_history:
        return NotAssessed(
            code=CODE, reason=f"at least {limits.min_history} finite steps are needed"
        )
    is_recent_n = recent(case, num_steps=limits.recent_steps)
    clipped = _clipped(case, is_recent_n)
    if clipped.fraction < limits.min_clipped_fraction or clipped.excess < limits.min_excess:
        return None
    view = ExplosionView(case=case, limits=case.thresholds.of(ExplodingThresholds))
    found = view.found
    num_exploding = int(((found.is_sensitive_n | found.is_spike_n) & is_recent_n).sum())
    if num_exploding < view.limits.min_steps and not view.is_expanding:
        return None
    return _finding(case, limits, clipped, num_exploding=num_exploding)


def _clipped(case: Case, is_recent_n: BoolArray) -> _Clipped:
    coefficient_n = case.recorded("clip_coefficient")[is_recent_n].astype(np.float64)
    clipped = coefficient_n[coefficient_n < 1 - ROUNDING]
    with np.errstate(divide="ignore"):
        excess = float(np.median(1 / clipped)) if clipped.size else 1.0
    return _Clipped(
        fraction=clipped.size / max(1, coefficient_n.size),
        excess=excess,
    )


def _finding(
    case: Case, limits: ClippingThresholds, clipped: _Clipped, *, num_exploding: int
) -> Finding:
    progress, now = task_progress(case), consequence_of(case)
    steps_n, coefficient_n = case.telemetry.steps_n, case.recorded("clip_coefficient")
    is_recent_n = recent(case, num_steps=limits.recent_steps)
    norm = finite_median(case.recorded("grad_norm")[is_recent_n])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=now.impact,
        severity=now.severity,
        first_step=int(steps_n[coefficient_n <= np.float64(1 / limits.min_excess)][0]),
        last_step=int(steps_n[-1]),
        threshold={
            "min_clipped_fraction": limits.min_clipped_fraction,
            "min_excess": limits.min_excess,
        },
        evidence={
            "clipped_fraction": clipped.fraction,
            "excess_median": number(clipped.excess),
            "exploding_steps": num_exploding,
            "recent_steps": int(is_recent_n.sum()),
            "grad_norm_median": number(norm),
            "task_progress": number(progress.value) if progress else None,
        },
        explanation=(
            f"Clipping changed {percent(clipped.fraction)} of "
            f"{latest(int(is_recent_n.sum()), 'step')} and divided the norm by "
            f"{short(clipped.excess)} (median). {_meaning(now.impact, progress)}"
        ),
    )


def _meaning(impact: Impact, progress: TaskProgress | None) -> str:
    if impact is Impact.NONE and progress is not None:
        return f"It does no harm: {learned_share(progress)}."
    return "Only the direction of a gradient that explodes is left, and that is not reliable."


CARD = DetectorCard(
    code=CODE,
    summary="Clipping hides a gradient that explodes, and the task is not learned.",
    in_words="clipping hides a gradient that explodes",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=ClippingThresholds,
    detect=detect,
)
