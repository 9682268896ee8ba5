"""Is the gradient too large to guide an update, and does it harm the loss?"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import counted, number
from app.domain.diagnosis.explosions import (
    SCALE_STEPS,
    BoolArray,
    ExplodingThresholds,
    Explosions,
    find_explosions,
    recent,
)
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.origin import bad_steps
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.recurrence import log_rise
from app.domain.diagnosis.trends import finite_median

CODE = "exploding_gradient"
CONFIDENCE_SEEN = 0.95
CONFIDENCE_CURVE_ALONE = 0.5


@dataclass(frozen=True, kw_only=True)
class _View:
    """What the judgement is based on. Legend: n recorded steps."""

    case: Case
    limits: ExplodingThresholds
    found: Explosions
    is_recent_n: BoolArray
    progress: TaskProgress | None

    @cached_property
    def num_sensitive(self) -> int:
        return int((self.found.is_sensitive_n & self.is_recent_n).sum())

    @cached_property
    def num_harmful(self) -> int:
        return int((self.found.is_harmful_n & self.is_recent_n).sum())

    @property
    def is_lasting(self) -> bool:
        """Whether most of the recent steps have a gradient that is too large."""
        enough = self.limits.lasting_share * int(self.is_recent_n.sum())
        return self.num_sensitive > 0 and self.num_sensitive >= enough

    @cached_property
    def present_loss(self) -> float | None:
        return finite_median(self.found.loss_n[-SCALE_STEPS:])

    @property
    def has_lost(self) -> bool:
        """Whether the loss is far above its value at the start."""
        loss = self.present_loss
        return loss is not None and loss > self.limits.loss_factor * self.found.loss_scale

    @cached_property
    def rise(self) -> float | None:
        return log_rise(self.case)

    @property
    def is_curve_rising(self) -> bool:
        return self.rise is not None and self.rise > np.log(self.limits.max_rise)

    @cached_property
    def has_broken(self) -> bool:
        """Whether a gradient that grows with the lag has overflowed."""
        return self.is_curve_rising and bool(bad_steps(self.case).any())


def detect(case: Case, limits: ExplodingThresholds) -> Outcome:
    view = _View(
        case=case,
        limits=limits,
        found=find_explosions(case),
        is_recent_n=recent(case, num_steps=limits.recent_steps),
        progress=task_progress(case),
    )
    num_finite = int(np.isfinite(view.found.loss_n).sum())
    if view.has_broken or (num_finite >= limits.min_history and _is_present(view)):
        return _active(view)
    if num_finite < limits.min_history:
        return _too_early(view)
    if _was_present(view):
        # explosions are rare by now, but one in the latest step is still active
        return _active(view) if view.found.is_present_n[-1] else _resolved(view)
    return _harmless(view)


def _is_present(view: _View) -> bool:
    return view.num_sensitive >= view.limits.min_steps or view.num_harmful > 0 or view.has_lost


def _was_present(view: _View) -> bool:
    num_sensitive = int(view.found.is_sensitive_n.sum())
    return num_sensitive >= view.limits.min_steps or bool(view.found.is_harmful_n.any())


def _active(view: _View) -> Finding:
    impact, severity = _consequence(view)
    steps = view.case.telemetry.steps_n
    seen = steps[view.found.is_present_n]
    return _finding(
        view,
        state=FindingState.ACTIVE,
        impact=impact,
        severity=severity,
        span=(int(seen[0]), int(seen[-1])) if seen.size else (int(steps[0]), int(steps[-1])),
        explanation=f"{_symptom(view)} {_meaning(view, impact)}",
    )


def _consequence(view: _View) -> tuple[Impact, Severity]:
    has_learned = view.progress and view.progress.is_at_least(view.limits.learned_progress)
    if view.has_broken or view.has_lost:
        return Impact.BLOCKING, Severity.CRITICAL
    if has_learned:
        return Impact.NONE, Severity.INFO
    if view.is_lasting:
        return Impact.BLOCKING, Severity.CRITICAL
    stays_up = view.present_loss is not None and view.present_loss >= view.found.loss_scale
    if view.num_harmful and stays_up:
        return Impact.BLOCKING, Severity.CRITICAL
    return Impact.UNKNOWN, Severity.WARNING


def _too_early(view: _View) -> Outcome:
    if view.is_curve_rising:
        return _finding(
            view,
            state=FindingState.PREDICTED,
            impact=Impact.UNKNOWN,
            severity=Severity.WARNING,
            span=(0, view.case.present_step),
            explanation=f"{_curve(view)} The next steps will show whether its norm explodes.",
        )
    return NotAssessed(
        code=CODE, reason=f"at least {view.limits.min_history} steps with a finite loss are needed"
    )


def _resolved(view: _View) -> Finding:
    steps = view.case.telemetry.steps_n
    seen = steps[view.found.is_present_n]
    after = steps[steps > seen[-1]]
    return _finding(
        view,
        state=FindingState.RESOLVED,
        impact=Impact.NONE,
        severity=Severity.INFO,
        span=(int(seen[0]), int(seen[-1])),
        resolved_step=int(after[0]),
        explanation=(
            f"The gradient was too large in {counted(len(seen), 'step')} up to step {seen[-1]}. "
            "Since then it has not been too large."
        ),
    )


def _harmless(view: _View) -> Outcome:
    """Reports a gradient that grows with the lag, or spikes without harm, as information."""
    num_spikes = int((view.found.is_spike_n & view.is_recent_n).sum())
    if not view.is_curve_rising and num_spikes < view.limits.min_steps:
        return None
    spikes = f"The norm rose {view.limits.spike_factor:g}-fold in {counted(num_spikes, 'step')}."
    return _finding(
        view,
        state=FindingState.ACTIVE,
        impact=Impact.NONE,
        severity=Severity.INFO,
        span=(0, view.case.present_step),
        explanation=(
            f"{_curve(view) if view.is_curve_rising else spikes} "
            "The loss has not suffered, so this alone is not an explosion."
        ),
    )


def _finding(
    view: _View,
    *,
    state: FindingState,
    impact: Impact,
    severity: Severity,
    span: tuple[int, int],
    explanation: str,
    resolved_step: int | None = None,
) -> Finding:
    is_curve_alone = state is FindingState.PREDICTED
    return Finding(
        code=CODE,
        state=state,
        impact=impact,
        severity=severity,
        confidence=CONFIDENCE_CURVE_ALONE if is_curve_alone else CONFIDENCE_SEEN,
        first_step=span[0],
        last_step=span[1],
        resolved_step=resolved_step,
        threshold={
            "max_sensitivity": view.limits.max_sensitivity,
            "spike_factor": view.limits.spike_factor,
            "loss_factor": view.limits.loss_factor,
            "max_rise": view.limits.max_rise,
        },
        evidence=_evidence(view),
        explanation=explanation,
    )


def _evidence(view: _View) -> dict[str, JsonValue]:
    found, is_recent_n = view.found, view.is_recent_n
    norms = found.grad_norm_n[np.isfinite(found.grad_norm_n)]
    return {
        "grad_norm_median": number(finite_median(found.grad_norm_n[is_recent_n])),
        "grad_norm_max": number(norms.max()) if norms.size else None,
        "sensitivity_median": number(finite_median(found.sensitivity_n[is_recent_n])),
        "sensitive_steps": view.num_sensitive,
        "spike_steps": int((found.is_spike_n & is_recent_n).sum()),
        "harmful_spike_steps": view.num_harmful,
        "recent_steps": int(is_recent_n.sum()),
        "loss_at_start": number(found.loss_scale),
        "loss_recent": number(view.present_loss),
        "log10_gradient_ratio_at_longest_lag": (
            number(view.rise / np.log(10)) if view.rise is not None else None
        ),
        "task_progress": number(view.progress.value) if view.progress else None,
    }


def _symptom(view: _View) -> str:
    if view.has_broken:
        return f"{_curve(view)[:-1]}, and it exceeded the largest number of its precision."
    if view.has_lost:
        return (
            f"The loss is {view.present_loss:.3g}, more than {view.limits.loss_factor:g} times the "
            f"{view.found.loss_scale:.3g} that it began with."
        )
    median = finite_median(view.found.grad_norm_n[view.is_recent_n])
    return (
        f"In {view.num_sensitive + view.num_harmful} of the last "
        f"{counted(int(view.is_recent_n.sum()), 'step')} the gradient was too large; its median "
        f"norm before clipping is {median or 0:.2g}."
    )


def _meaning(view: _View, impact: Impact) -> str:
    if impact is Impact.NONE:
        return "It does no harm: the task is learned."
    if view.has_broken or view.has_lost:
        return "The run cannot learn any more."
    radius = f"{1 / view.limits.max_sensitivity:.0e}"
    return (
        f"To first order, a change of the weights by less than {radius} of their norm would change "
        "the loss by 100 %, so the effect of an update along such a gradient is unpredictable."
    )


def _curve(view: _View) -> str:
    log10_rise = 0.0 if view.rise is None else view.rise / np.log(10)
    return f"The gradient grows with the lag, to 1e{log10_rise:.0f} times that at lag 0."


CARD = DetectorCard(
    code=CODE,
    summary="The gradient is too large to guide an update.",
    in_words="the gradient explodes",
    is_essential=True,
    needs=(needs.recorded_steps,),
    thresholds=ExplodingThresholds,
    detect=detect,
)
