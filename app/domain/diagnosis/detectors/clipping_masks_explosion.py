"""Does clipping hide a gradient that explodes, while the task is not learned?"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import cause_of_large_gradient
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosions import find_explosions, recent
from app.domain.diagnosis.findings import (
    Finding,
    FindingCode,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.outcome import Outcome
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.thresholds import ClippingThresholds, Thresholds
from app.domain.diagnosis.trends import finite_median
from app.domain.specs.clipping.none import NoClipping

CODE = FindingCode.CLIPPING_MASKS_EXPLOSION
#: A coefficient this near to 1 is rounding, not clipping.
ROUNDING = 1e-6
CONFIDENCE = 0.9


@dataclass(frozen=True, kw_only=True)
class _Clipped:
    """What clipping did in the recent steps."""

    fraction: float
    #: Median norm before clipping relative to the norm after it, over the clipped steps.
    excess: float


def detect(case: Case, thresholds: Thresholds) -> Outcome:
    if isinstance(case.spec.clipping, NoClipping):
        return None
    limits = thresholds.clipping_masks_explosion
    if int(np.isfinite(case.scalar("clip_coefficient")).sum()) < limits.min_history:
        return NotAssessed(
            code=CODE, reason=f"{limits.min_history} finite steps are needed to tell"
        )
    clipped = _clipped(case, thresholds)
    if clipped.fraction < limits.min_clipped_fraction or clipped.excess < limits.min_excess:
        return None
    num_exploding = _num_exploding(case, thresholds)
    if num_exploding < thresholds.exploding_gradient.min_steps:
        return None
    return _finding(case, thresholds, clipped, num_exploding=num_exploding)


def _clipped(case: Case, thresholds: Thresholds) -> _Clipped:
    is_recent_n = recent(case, num_steps=thresholds.clipping_masks_explosion.recent_steps)
    coefficient_n = case.scalar("clip_coefficient")[is_recent_n]
    clipped = coefficient_n[coefficient_n < 1 - ROUNDING]
    with np.errstate(divide="ignore"):
        excess = float(np.median(1 / clipped)) if clipped.size else 1.0
    return _Clipped(
        fraction=clipped.size / max(1, coefficient_n.size),
        excess=excess,
    )


def _num_exploding(case: Case, thresholds: Thresholds) -> int:
    is_recent_n = recent(case, num_steps=thresholds.clipping_masks_explosion.recent_steps)
    found = find_explosions(case, thresholds.exploding_gradient)
    return int(((found.is_sensitive_n | found.is_spike_n) & is_recent_n).sum())


def _finding(
    case: Case, thresholds: Thresholds, clipped: _Clipped, *, num_exploding: int
) -> Finding:
    limits = thresholds.clipping_masks_explosion
    progress = task_progress(case)
    impact, severity = _consequence(progress, limits)
    steps_n = case.telemetry.steps_n
    is_recent_n = recent(case, num_steps=limits.recent_steps)
    norm = finite_median(case.scalar("grad_norm")[is_recent_n])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=impact,
        severity=severity,
        confidence=CONFIDENCE,
        first_step=int(steps_n[is_recent_n][0]),
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
        cause=cause_of_large_gradient(
            case, max_update_ratio=thresholds.non_finite.max_update_ratio
        ),
        explanation=(
            f"Clipping touched {clipped.fraction:.0%} of the recent steps and cut the norm "
            f"{clipped.excess:.2g} times in their median. {_meaning(impact)}"
        ),
    )


def _consequence(
    progress: TaskProgress | None, limits: ClippingThresholds
) -> tuple[Impact, Severity]:
    if progress and progress.is_at_least(limits.learned_progress):
        return Impact.NONE, Severity.INFO
    if progress and progress.is_below(limits.flat_progress):
        return Impact.BLOCKING, Severity.CRITICAL
    return Impact.UNKNOWN, Severity.WARNING


def _meaning(impact: Impact) -> str:
    if impact is Impact.NONE:
        return "It does no harm: the task is learned."
    return (
        "What is left is the direction of a gradient that has exploded, and it does not lead down."
    )
