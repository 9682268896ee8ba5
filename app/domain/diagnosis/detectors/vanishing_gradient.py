"""Does the gradient reach as far back in time as the task needs, and does it matter if not?"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING, HARMLESS, Consequence, consequence_of
from app.domain.diagnosis.consequence import UNKNOWN as UNKNOWN_CONSEQUENCE
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import interval, number
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.progress_in_words import learned_share
from app.domain.diagnosis.prose import counted, latest, relation, sentence, short
from app.domain.diagnosis.reach import (
    Reach,
    ReachTrend,
    Sighting,
    VanishingThresholds,
    has_no_gradient,
    reach_trend,
    settle_step,
    settled,
    sightings,
)
from app.domain.task import LagSource
from app.domain.telemetry import Horizon
from app.domain.theil_sen import Slope

CODE = "vanishing_gradient"


@dataclass(frozen=True, kw_only=True)
class _View:
    """What the judgement of a short reach is based on."""

    case: Case
    limits: VanishingThresholds
    progress: TaskProgress | None
    trend: ReachTrend
    #: What a mechanism that is present does to the run.
    consequence: Consequence


def detect(case: Case, limits: VanishingThresholds) -> Outcome:
    seen = sightings(case)
    if not seen:
        return _not_assessed(_missing(case))
    view = _View(
        case=case,
        limits=limits,
        progress=task_progress(case),
        trend=reach_trend(case),
        consequence=consequence_of(case),
    )
    after_start = settled(case, seen)
    present = after_start[-limits.min_probes :]
    kinds = {sighting.reach for sighting in present}
    if len(present) == limits.min_probes and kinds == {Reach.SHORT}:
        return _present(view, _stretch(seen), state=FindingState.ACTIVE)
    if not after_start or kinds == {Reach.SHORT}:
        return _too_early(view, seen)
    return _past_or_unclear(view, after_start, present)


def _too_early(view: _View, seen: Sequence[Sighting]) -> Outcome:
    """Too few probes after the start: at most a prognosis, and none if the task is learned."""
    if seen[-1].reach is Reach.SHORT and view.consequence != HARMLESS:
        return _present(view, _stretch(seen), state=FindingState.PREDICTED)
    first = settle_step(view.case)
    return _not_assessed(
        f"at least {counted(view.limits.min_probes, 'probe')} from step {first:,} on are needed"
    )


def _past_or_unclear(
    view: _View, after_start: Sequence[Sighting], present: Sequence[Sighting]
) -> Outcome:
    """The majority of the latest probes decides; without a majority nothing is assessed."""
    num_long = sum(sighting.reach is Reach.LONG for sighting in present)
    if 2 * num_long <= len(present):
        return _not_assessed(
            "the interval of the ratio at the required lag contains the threshold"
            if any(sighting.reach is Reach.UNCLEAR for sighting in present)
            else "the ratio at the required lag alternates between both sides of the threshold"
        )
    past = _last_long_stretch(after_start, min_probes=view.limits.min_probes)
    return _resolved(view, past, after_start) if past else None


def _stretch(seen: Sequence[Sighting]) -> Sequence[Sighting]:
    """Returns the latest consecutive probes with a short reach."""
    first = len(seen)
    while first and seen[first - 1].reach is Reach.SHORT:
        first -= 1
    return seen[first:]


def _last_long_stretch(seen: Sequence[Sighting], *, min_probes: int) -> Sequence[Sighting]:
    """Returns the latest stretch of at least `min_probes` short probes; empty without one."""
    for end in range(len(seen), min_probes - 1, -1):
        stretch = _stretch(seen[:end])
        if len(stretch) >= min_probes:
            return stretch
    return ()


def _present(view: _View, stretch: Sequence[Sighting], *, state: FindingState) -> Finding:
    impact, severity = _consequence(view, state=state)
    newest, limits = stretch[-1], view.limits
    return Finding(
        code=CODE,
        state=state,
        impact=impact,
        severity=severity,
        first_step=stretch[0].step,
        last_step=newest.step,
        threshold=_threshold(limits),
        evidence={**_evidence(view, newest), "short_probes": len(stretch)},
        explanation=f"{_symptom(newest, stretch, limits)} {_meaning(view, state=state)}",
    )


def _resolved(view: _View, past: Sequence[Sighting], after_start: Sequence[Sighting]) -> Finding:
    newest = after_start[-1]
    resolved_step = next(s.step for s in after_start if s.step > past[-1].step)
    return Finding(
        code=CODE,
        state=FindingState.RESOLVED,
        impact=Impact.NONE,
        severity=Severity.INFO,
        first_step=past[0].step,
        last_step=past[-1].step,
        resolved_step=resolved_step,
        threshold=_threshold(view.limits),
        evidence=_evidence(view, newest),
        explanation=(
            f"From step {past[0].step:,} to {past[-1].step:,} the gradient did not reach back "
            f"{counted(newest.ratio.lag, 'timestep')}. At step {newest.step:,} it does: at that "
            f"lag it is {short(newest.ratio.value)} times the gradient at lag 0."
        ),
    )


def _consequence(view: _View, *, state: FindingState) -> tuple[Impact, Severity]:
    """Judges by the outcome, the trend of the reach and the source of the lag."""
    if state is FindingState.PREDICTED:
        return Impact.UNKNOWN, Severity.WARNING
    now = view.consequence
    if now == BLOCKING and not view.trend.has_stalled:
        now = UNKNOWN_CONSEQUENCE
    is_estimated = view.case.task and view.case.task.required_lag.source is LagSource.ESTIMATED
    if now == BLOCKING and is_estimated:
        return Impact.BLOCKING, Severity.WARNING
    return now.impact, now.severity


def _threshold(limits: VanishingThresholds) -> dict[str, float]:
    return {"max_ratio": limits.max_ratio}


def _evidence(view: _View, newest: Sighting) -> dict[str, JsonValue]:
    profile, slope, progress = newest.profile, view.trend.slope, view.progress
    lag = view.case.task.required_lag if view.case.task else None
    return {
        "gradient_ratio_at_required_lag": number(newest.ratio.value),
        "gradient_ratio_interval": interval(newest.ratio.interval),
        "required_lag_timesteps": lag.timesteps if lag else newest.ratio.lag,
        "judged_lag_timesteps": newest.ratio.lag,
        "required_lag_interval_timesteps": interval(lag.interval) if lag else None,
        "required_lag_source": lag.source.value if lag else None,
        "decay_rate_nats_per_timestep": number(profile.decay_rate),
        "entry_ratio": number(profile.entry_ratio),
        "gradient_horizon_timesteps": profile.horizon.value,
        "gradient_horizon_is_censored": profile.horizon.censored,
        "task_progress": number(progress.value) if progress else None,
        "task_progress_is_lower_bound": progress.is_lower_bound if progress else None,
        "floor": number(progress.floor.value) if progress else None,
        "floor_source": progress.floor.source if progress else None,
        "horizon_trend_steps": view.trend.num_steps,
        "horizon_trend_timesteps_per_1000_steps": 1000 * slope.value if slope else None,
        "horizon_trend_interval": (
            interval((1000 * slope.interval[0], 1000 * slope.interval[1])) if slope else None
        ),
    }


def _symptom(sighting: Sighting, stretch: Sequence[Sighting], limits: VanishingThresholds) -> str:
    ratio, needed = sighting.ratio, sighting.profile.ratio_at_required_lag
    where = (
        f"At a lag of {counted(ratio.lag, 'timestep')}, which the task needs"
        if needed is None or needed.lag == ratio.lag
        else f"At lag {ratio.lag}, the weakest of those that the task needs"
    )
    return (
        f"{where}, the gradient is {short(ratio.value)} times that at lag 0, "
        f"{relation(ratio.value, limits.max_ratio)} {short(limits.max_ratio)} in "
        f"{latest(len(stretch), 'probe')}; {_horizon(sighting.profile.horizon)}."
    )


def _horizon(horizon: Horizon) -> str:
    lag = counted(horizon.value, "timestep")
    if horizon.censored:
        return f"it stays above {short(horizon.threshold)} for {lag}"
    return f"it falls below {short(horizon.threshold)} after {lag}"


def _meaning(view: _View, *, state: FindingState) -> str:
    progress, trend = view.progress, view.trend
    if state is FindingState.PREDICTED:
        return (
            "The run ended before more probes could show whether this lasts."
            if view.case.has_ended
            else "It is too early to say whether this will last: many runs that start so learn."
        )
    if progress is None:
        return "It is unknown whether this prevents learning, because there is no score."
    done = learned_share(progress)
    if view.consequence == HARMLESS:
        return f"It does no harm: {done}."
    if trend.may_grow and trend.slope:
        return sentence(f"{done}, but {_growth(view.case, trend, trend.slope)}")
    if not trend.has_stalled:
        return sentence(f"{done}, and the probes are too few to tell whether the reach grows")
    return f"In {latest(trend.num_steps, 'step')} the reach has not grown, and {done}."


def _growth(case: Case, trend: ReachTrend, slope: Slope) -> str:
    pace = f"by {short(1000 * slope.value)} timesteps per 1,000 steps"
    if case.has_ended:
        return f"the reach grew until the end, {pace}"
    return f"the reach {'grows' if trend.is_growing else 'seems to grow'}, {pace}"


def _missing(case: Case) -> str:
    if any(has_no_gradient(profile) for profile in case.uncut_profiles):
        return "no gradient arrives at any lag, not even at lag 0"
    return "no probe has a ratio at the required lag"


def _not_assessed(reason: str) -> NotAssessed:
    return NotAssessed(code=CODE, reason=reason)


CARD = DetectorCard(
    code=CODE,
    summary="The gradient does not reach as far back in time as the task needs.",
    in_words="the gradient vanishes before the lag that the task needs",
    is_essential=True,
    needs=(needs.required_lag, needs.trusted_probe, needs.probes),
    thresholds=VanishingThresholds,
    detect=detect,
)
