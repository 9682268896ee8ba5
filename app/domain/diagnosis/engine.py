"""Asks every detector, adds causes' remedies and comes to a verdict."""

from dataclasses import replace

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import (
    clipping_masks_explosion,
    exploding_gradient,
    no_better_than_baseline,
    non_finite,
    vanishing_gradient,
)
from app.domain.diagnosis.explosions import bad_steps
from app.domain.diagnosis.findings import (
    Diagnosis,
    Finding,
    FindingState,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.outcome import Detector, Outcome
from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.diagnosis.trends import finite_median
from app.domain.diagnosis.verdict import judge, summarise
from app.domain.remedies.prescribe import prescribe
from app.domain.remedies.remedy import Ailment
from app.domain.specs.dataset import sequence_length

#: Rises with every change that can change a finding of stored telemetry.
RULES_VERSION = "3"
#: Where a run stopped being finite with norms above this, they overflow before they can be clipped.
MAX_CLIPPABLE_NORM = 1e6

DETECTORS: tuple[Detector, ...] = (
    Detector(
        code=non_finite.CODE,
        needs=(needs.recorded_steps,),
        detect=non_finite.detect,
    ),
    Detector(
        code=exploding_gradient.CODE,
        needs=(needs.recorded_steps,),
        detect=exploding_gradient.detect,
    ),
    Detector(
        code=clipping_masks_explosion.CODE,
        needs=(needs.recorded_steps,),
        detect=clipping_masks_explosion.detect,
    ),
    Detector(
        code=vanishing_gradient.CODE,
        needs=(needs.required_lag, needs.trust, needs.probes),
        detect=vanishing_gradient.detect,
    ),
    Detector(
        code=no_better_than_baseline.CODE,
        needs=(needs.baseline,),
        detect=no_better_than_baseline.detect,
    ),
)


def diagnose(case: Case, thresholds: Thresholds = DEFAULT) -> Diagnosis:
    """What the telemetry so far says of the run."""
    outcomes = [_ask(detector, case, thresholds) for detector in DETECTORS]
    findings = tuple(_treated(o, case) for o in outcomes if isinstance(o, Finding))
    not_assessed = tuple(o for o in outcomes if isinstance(o, NotAssessed))
    verdict = judge(findings, not_assessed)
    return Diagnosis(
        attempt=case.attempt,
        as_of_step=case.as_of_step,
        final=case.has_ended,
        rules_version=RULES_VERSION,
        verdict=verdict,
        summary=summarise(verdict, findings, not_assessed),
        findings=findings,
        not_assessed=not_assessed,
    )


def _ask(detector: Detector, case: Case, thresholds: Thresholds) -> Outcome:
    for need in detector.needs:
        reason = need(case)
        if reason is not None:
            return NotAssessed(code=detector.code, reason=reason)
    return detector.detect(case, thresholds)


def _treated(finding: Finding, case: Case) -> Finding:
    """With remedies, where there is something to be cured."""
    if finding.state is FindingState.RESOLVED or finding.severity is Severity.INFO:
        return finding
    return replace(finding, remedies=prescribe(_ailment(finding, case), case.spec))


def _ailment(finding: Finding, case: Case) -> Ailment:
    task = case.task
    usual = finite_median(case.scalar("grad_norm"))
    has_overflowed = bad_steps(case).any() and (usual is None or usual > MAX_CLIPPABLE_NORM)
    return Ailment(
        code=finding.code,
        cause=finding.cause.code if finding.cause else None,
        required_lag=task.required_lag.timesteps if task else None,
        length=task.length if task else sequence_length(case.spec.dataset),
        grad_norm=usual,
        is_gradient_finite=not has_overflowed,
    )
