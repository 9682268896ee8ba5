"""Is the gradient too large to guide an update, and does it harm the loss?"""

import math

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING, HARMLESS, is_late
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import interval, number
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
from app.domain.diagnosis.progress_in_words import learned_share
from app.domain.diagnosis.prose import counted, latest, power_of_ten, relation, short
from app.domain.diagnosis.trends import Numbers, finite_median
from app.domain.telemetry import Interval

CODE = "exploding_gradient"
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
            explanation=f"{_curve(view)} {_prognosis(view.case)}",
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
            f"The gradient was too large in {counted(len(seen), 'step')} up to step {seen[-1]:,}. "
            "Since then it has not been too large."
        ),
    )


def _harmless(view: ExplosionView) -> Outcome:
    """Reports a gradient that grows with the lag, or spikes without harm, as information."""
    num_spikes = int((view.found.is_spike_n & view.is_recent_n).sum())
    if not view.is_curve_rising and num_spikes < view.limits.min_steps:
        return None
    spikes = (
        f"In {counted(num_spikes, 'step')} the gradient norm was more than "
        f"{short(view.limits.spike_factor)} times its recent median."
    )
    return _finding(
        view,
        state=FindingState.ACTIVE,
        impact=Impact.NONE,
        severity=Severity.INFO,
        span=(0, view.case.present_step),
        explanation=f"{_curve(view) if view.is_curve_rising else spikes} {_calm_loss(view)}",
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
    return Finding(
        code=CODE,
        state=state,
        impact=impact,
        severity=severity,
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
    return {
        "grad_norm_median": number(finite_median(found.grad_norm_n[is_recent_n])),
        "grad_norm_max": number(_largest(found.grad_norm_n)),
        "sensitivity_max": number(_largest(view.recent_sensitivity_m)),
        "sensitivity_median": number(finite_median(view.recent_sensitivity_m)),
        "sensitive_steps": view.num_sensitive,
        "spike_steps": int((found.is_spike_n & is_recent_n).sum()),
        "harmful_spike_steps": view.num_harmful,
        "lyapunov_exponent_nats_per_timestep": number(_lyapunov(view)),
        "lyapunov_interval_nats_per_timestep": interval(_latest_interval(view)),
        "present_steps": int(found.is_present_n.sum()),
        "relapse_steps": int(found.is_relapse_n.sum()),
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


def _largest(values_n: Numbers) -> float | None:
    finite = values_n[np.isfinite(values_n)]
    return float(finite.max()) if finite.size else None


def _symptom(view: ExplosionView) -> str:
    if view.has_broken:
        return f"{_curve(view)[:-1]}, and it exceeded the largest number of its precision."
    if view.has_lost:
        return (
            f"The loss is {_loss(view)}, more than {short(view.limits.loss_factor)} times as much."
        )
    if view.has_relapsed:
        num_spikes = int(view.found.is_relapse_n.sum())
        return (
            f"The loss had fallen, and after {counted(num_spikes, 'step')} with a far larger "
            f"gradient than before it is {_loss(view)}."
        )
    window = latest(int(view.is_recent_n.sum()), "step")
    if view.num_sensitive:
        return (
            f"In {view.num_sensitive:,} of {window} the gradient norm, times the norm of the "
            "weights and divided by the loss at the start, was above "
            f"{short(view.limits.max_sensitivity)}."
        )
    if view.num_harmful:
        return (
            f"In {view.num_harmful:,} of {window} the gradient norm was more than "
            f"{short(view.limits.spike_factor)} times its recent median, and the loss then jumped."
        )
    exponent = _lyapunov(view)
    growth = "" if exponent is None else f" The Lyapunov exponent is {short(exponent)}."
    return f"{_curve(view)}{growth}"


def _loss(view: ExplosionView) -> str:
    """Returns `2.99, above the 0.69 that it began with`."""
    start = view.found.loss_scale
    loss = math.nan if view.present_loss is None else view.present_loss
    return f"{short(loss)}, {relation(loss, start)} the {short(start)} that it began with"


def _meaning(view: ExplosionView, impact: Impact) -> str:
    if impact is Impact.NONE and view.progress is not None:
        return f"It does no harm: {learned_share(view.progress)}."
    if view.has_broken:
        return "An update with such a gradient destroys the weights."
    if view.has_lost:
        return "The loss has not come back from there."
    if view.has_relapsed:
        return "What it had learned is lost."
    if view.num_sensitive == 0:
        return "So small changes of early states or weights change the loss much."
    radius = short(1 / view.limits.max_sensitivity)
    return (
        f"To first order, a change of the weights by {radius} of their norm can then change the "
        "loss by 100 %, so the effect of an update along such a gradient is unpredictable."
    )


def _calm_loss(view: ExplosionView) -> str:
    """Returns what the loss shows where a large gradient alone is no explosion."""
    return f"No jump of the loss followed: it is {_loss(view)}."


def _prognosis(case: Case) -> str:
    if case.has_ended:
        return "The run ended before its steps could show whether the norm explodes."
    return "The next steps will show whether its norm explodes."


def _curve(view: ExplosionView) -> str:
    rise = 0.0 if view.rise is None else view.rise / np.log(10)
    return f"The gradient grows with the lag, to {power_of_ten(rise)} times that at lag 0."


CARD = DetectorCard(
    code=CODE,
    summary="The gradient is too large to guide an update.",
    in_words="the gradient explodes",
    is_essential=True,
    needs=(needs.recorded_steps,),
    thresholds=ExplodingThresholds,
    detect=detect,
)
