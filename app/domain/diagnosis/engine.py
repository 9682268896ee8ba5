"""Runs every detector, adds causes and remedies to the findings, and derives the verdict."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causation import causes_of, explained_by, matters
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    Finding,
    NotAssessed,
)
from app.domain.diagnosis.origin import bad_steps
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Ailment
from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.diagnosis.trends import finite_median
from app.domain.diagnosis.verdict import judge, summarise

#: Raised by every change that can change a finding of stored telemetry.
RULES_VERSION = "5"
#: In a run that became non-finite, gradients above this median norm overflow before clipping.
MAX_CLIPPABLE_NORM = 1e6


def diagnose(case: Case, thresholds: Thresholds = DEFAULT) -> Diagnosis:
    """Returns the diagnosis of the run by its telemetry so far."""
    judged = replace(case, thresholds=thresholds)
    outcomes = [card.examine(judged) for card in DETECTORS]
    found = tuple(o for o in outcomes if isinstance(o, Finding))
    not_assessed = tuple(o for o in outcomes if isinstance(o, NotAssessed))
    causes = causes_of(judged, found)
    findings = tuple(_complete(finding, causes, judged) for finding in found)
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
        causes=causes,
    )


def _complete(finding: Finding, causes: Sequence[Cause], case: Case) -> Finding:
    """Returns the finding with its cause and remedies, which only findings that matter have."""
    if not matters(finding):
        return finding
    explained = replace(finding, cause=explained_by(finding, causes))
    return replace(explained, remedies=prescribe(_ailment(explained, case), case.spec))


def _ailment(finding: Finding, case: Case) -> Ailment:
    task = case.task
    usual = finite_median(case.scalar("grad_norm"))
    has_overflowed = bad_steps(case).any() and (usual is None or usual > MAX_CLIPPABLE_NORM)
    return Ailment(
        code=finding.code,
        cause=finding.cause.likeliest if finding.cause else None,
        required_lag=task.required_lag.timesteps if task else None,
        length=task.length if task else case.spec.dataset.sequence_length,
        grad_norm=usual,
        is_gradient_finite=not has_overflowed,
    )
