"""Does clipping shorten every step so much that training is slowed?"""

from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import is_trained
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.clipping import (
    ClippingAlwaysThresholds,
    ShortenedSteps,
    find_shortened_steps,
)
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.prose import percent, short
from app.domain.specs.clipping.none import NoClipping

CODE = "clipping_always"


def detect(case: Case, limits: ClippingAlwaysThresholds) -> Outcome:
    if isinstance(case.spec.clipping, NoClipping):
        return None
    if case.recorded("clip_coefficient").size < limits.min_history:
        return NotAssessed(code=CODE, reason=f"at least {limits.min_history} steps are needed")
    found = find_shortened_steps(case)
    return None if found is None or is_trained(case) else _finding(case, limits, found)


def _finding(case: Case, limits: ClippingAlwaysThresholds, found: ShortenedSteps) -> Finding:
    consequence = consequence_of(case)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=found.first_step,
        last_step=case.present_step,
        threshold={
            "min_clipped_fraction": limits.min_clipped_fraction,
            "max_coefficient": limits.max_coefficient,
        },
        evidence={
            "clipped_fraction": found.fraction,
            "clip_coefficient_median": number(found.coefficient),
            "best_step_factor_recent_median": number(found.factor),
            "second_moment_over_eps": number(found.room),
        },
        explanation=(
            f"Clipping changed {percent(found.fraction)} of the recent steps, and left a median of "
            f"{percent(found.coefficient)} of the gradient. {_meaning(found)}"
        ),
    )


def _meaning(found: ShortenedSteps) -> str:
    if found.room is None:
        return "The optimizer's step is proportional to that, so it is as much shorter."
    return (
        f"The square root of the mean squared gradient is {short(found.room)} times the "
        "optimizer's eps, so the step is shorter too."
    )


CARD = DetectorCard(
    code=CODE,
    summary="Clipping shortens every step by so much that training is slowed.",
    in_words="clipping shortens every step",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=ClippingAlwaysThresholds,
    detect=detect,
)
