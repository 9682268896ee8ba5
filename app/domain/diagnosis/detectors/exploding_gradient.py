"""Is the gradient too large to guide an update, and does it harm the loss?"""

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING, HARMLESS, is_late
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import counted, interval, number
from app.domain.diagnosis.explosion_view import ExplosionView
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.growth import growths
from app.domain.diagnosis.trends import finite_median
from app.domain.telemetry import Interval

CODE = "exploding_gradient"
CONFIDENCE_SEEN = 0.95
CONFIDENCE_CURVE_ALONE = 0.5
#: Largest logarithm that is written as a number.
MAX_WRITTEN = 600.0


def detect(case: Case, limits: ExplodingThresholds) -> Outcome:
    view = ExplosionView(case=case, limits=limits)
    num_finite = int(np.isfinite(view.found.loss_n).sum())
    if view.has_broken or (num_finite >= limits.min_history and _is_present(view)):
        return _active(view)
    if num_finite < limits.min_history:
        return _too_early(view)
    if _was_present(view):
        # explosions are rare by now, but one in the latest step is still active
        return _active(view) if view.found.is_present_n[-1] else _resolved(view)
    return _harmless(view)


def _is_present(view: ExplosionView) -> bool:
    return (
        view.num_sensitive >= view.limits.min_steps
        or view.num_harmful > 0
        or view.has_lost
        or view.has_relapsed
        or view.is_expanding
    )


def _was_present(view: ExplosionView) -> bool:
    num_sensitive = int(view.found.is_sensitive_n.sum())
    return num_sensitive >= view.limits.min_steps or bool(view.found.is_harmful_n.any())


def _active(view: ExplosionView) -> Finding:
    impact, severity = _consequence(view)
    steps = view.case.telemetry.steps_n
    seen = steps[view.is_present_n]
    return _finding(
        view,
        state=FindingState.ACTIVE,
        impact=impact,
        severity=severity,
        span=(int(seen[0]), int(seen[-1])) if seen.size else (int(steps[0]), int(steps[-1])),
        explanation=f"{_symptom(view)} {_meaning(view, impact)}",
    )


def _consequence(view: ExplosionView) -> tuple[Impact, Severity]:
    """Judges by the outcome, of which a loss that is back where it began says enough."""
    now = view.consequence
    is_lost = view.has_lost or (view.has_relapsed and is_late(view.case))
    if view.has_broken or (is_lost and now != HARMLESS):
        now = BLOCKING
    return now.impact, now.severity


def _too_early(view: ExplosionView) -> Outcome:
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


def _resolved(view: ExplosionView) -> Finding:
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


def _harmless(view: ExplosionView) -> Outcome:
    """Reports a gradient that grows with the lag, or spikes without harm, as information."""
    num_spikes = int((view.found.is_spike_n & view.is_recent_n).sum())
    if not view.is_curve_rising and num_spikes < view.limits.min_steps:
        return None
    spikes = f"The norm rose {view.limits.spike_factor:g}-fold in {counted(num_spikes, 'step')}."
    loss = (
        "No jump of the loss followed"
        if view.present_loss is None or view.present_loss >= view.found.loss_scale
        else f"The loss is {view.present_loss:.3g}, below the {view.found.loss_scale:.3g} that it "
        "began with"
    )
    return _finding(
        view,
        state=FindingState.ACTIVE,
        impact=Impact.NONE,
        severity=Severity.INFO,
        span=(0, view.case.present_step),
        explanation=(
            f"{_curve(view) if view.is_curve_rising else spikes} "
            f"{loss}, so this alone is not an explosion."
        ),
    )


def _finding(
    view: ExplosionView,
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


def _evidence(view: ExplosionView) -> dict[str, JsonValue]:
    found, is_recent_n = view.found, view.is_recent_n
    norms = found.grad_norm_n[np.isfinite(found.grad_norm_n)]
    return {
        "grad_norm_median": number(finite_median(found.grad_norm_n[is_recent_n])),
        "grad_norm_max": number(norms.max()) if norms.size else None,
        "sensitivity_median": number(finite_median(found.sensitivity_n[is_recent_n])),
        "sensitive_steps": view.num_sensitive,
        "spike_steps": int((found.is_spike_n & is_recent_n).sum()),
        "harmful_spike_steps": view.num_harmful,
        "lyapunov_exponent_nats_per_timestep": number(_lyapunov(view)),
        "lyapunov_interval_nats_per_timestep": interval(_latest_interval(view)),
        "recent_steps": int(is_recent_n.sum()),
        "loss_at_start": number(found.loss_scale),
        "loss_recent": number(view.present_loss),
        "log10_gradient_ratio_at_longest_lag": (
            number(view.rise / np.log(10)) if view.rise is not None else None
        ),
        "task_progress": number(view.progress.value) if view.progress else None,
    }


def _lyapunov(view: ExplosionView) -> float | None:
    seen = growths(view.case)
    return seen[-1].lyapunov if seen else None


def _latest_interval(view: ExplosionView) -> Interval | None:
    seen = growths(view.case)
    return seen[-1].lyapunov_interval if seen else None


def _symptom(view: ExplosionView) -> str:
    loss, scale = view.present_loss, view.found.loss_scale
    if view.has_broken:
        return f"{_curve(view)[:-1]}, and it exceeded the largest number of its precision."
    if view.has_lost:
        return (
            f"The loss is {loss:.3g}, more than {view.limits.loss_factor:g} times the {scale:.3g} "
            "that it began with."
        )
    if view.has_relapsed:
        (num_spikes,) = np.flatnonzero(view.found.is_relapse_n).shape
        return (
            f"The loss had fallen, and after {counted(num_spikes, 'step')} with a far larger "
            f"gradient than before it is {loss:.3g}, not below the {scale:.3g} that it began with."
        )
    if view.num_sensitive + view.num_harmful == 0:
        exponent = _lyapunov(view)
        growth = "" if exponent is None else f" The Lyapunov exponent is {exponent:.2g}."
        return f"{_curve(view)}{growth}"
    median = finite_median(view.found.grad_norm_n[view.is_recent_n])
    return (
        f"In {view.num_sensitive + view.num_harmful} of the last "
        f"{counted(int(view.is_recent_n.sum()), 'step')} the gradient was too large; its median "
        f"norm before clipping is {median or 0:.2g}."
    )


def _meaning(view: ExplosionView, impact: Impact) -> str:
    if impact is Impact.NONE:
        return "It does no harm: the task is learned."
    if view.has_broken or view.has_lost:
        return "The run cannot learn any more."
    if view.has_relapsed:
        return "What it had learned is lost."
    if view.num_sensitive == 0:
        return "So small changes of early states or weights change the loss much."
    radius = f"{1 / view.limits.max_sensitivity:.0e}"
    return (
        f"To first order, a change of the weights by less than {radius} of their norm would change "
        "the loss by 100 %, so the effect of an update along such a gradient is unpredictable."
    )


def _curve(view: ExplosionView) -> str:
    rise = 0.0 if view.rise is None else view.rise
    times = f"{np.exp(rise):.3g}" if rise < MAX_WRITTEN else f"1e{rise / np.log(10):.0f}"
    return f"The gradient grows with the lag, to {times} times that at lag 0."


CARD = DetectorCard(
    code=CODE,
    summary="The gradient is too large to guide an update.",
    in_words="the gradient explodes",
    is_essential=True,
    needs=(needs.recorded_steps,),
    thresholds=ExplodingThresholds,
    detect=detect,
)
