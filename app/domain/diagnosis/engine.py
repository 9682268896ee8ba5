"""Runs every detector, adds causes and remedies to the findings, and derives the verdict."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causation import (
    explained_by,
    hypotheses,
    matters,
    named_causes,
    with_probability,
)
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    NotAssessed,
)
from app.domain.diagnosis.not_judged import why_not_judged
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Ailment
from app.domain.diagnosis.run_numbers import numbers_of
from app.domain.diagnosis.summary import summarise
from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.diagnosis.verdict import judge
from app.domain.specs.job import JobSpec

#: Raised by every change that can change a finding of stored telemetry.
RULES_VERSION = "5"


# a run that breaks down measures any number; what of it leaves the doubles is told as not finite
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def diagnose(case: Case, thresholds: Thresholds = DEFAULT) -> Diagnosis:
    """Returns the diagnosis of the run by its telemetry so far."""
    judged = replace(case, thresholds=thresholds)
    reason = why_not_judged(judged)
    if reason is not None:
        return _not_judged(judged, reason)
    outcomes = [card.examine(judged) for card in DETECTORS]
    found = tuple(o for o in outcomes if isinstance(o, Finding))
    not_assessed = tuple(o for o in outcomes if isinstance(o, NotAssessed))
    ranked = hypotheses(judged, found)
    causes = named_causes(ranked, judged)
    ailment = _ailment(judged, causes)
    assured = (with_probability(finding, ranked) for finding in found)
    findings = tuple(_complete(finding, causes, ailment, case.spec) for finding in assured)
    verdict = judge(findings, not_assessed)
    return Diagnosis(
        attempt=case.attempt,
        as_of_step=case.as_of_step,
        final=case.has_ended,
        rules_version=RULES_VERSION,
        verdict=verdict,
        summary=summarise(judged, verdict, findings, not_assessed, causes),
        findings=findings,
        not_assessed=not_assessed,
        causes=causes,
    )


def _not_judged(case: Case, reason: str) -> Diagnosis:
    """Returns the diagnosis of a run that failed before there was anything to judge."""
    told = f"{reason}: {case.error}" if case.error else reason
    return Diagnosis(
        attempt=case.attempt,
        as_of_step=case.as_of_step,
        final=case.has_ended,
        rules_version=RULES_VERSION,
        verdict=DiagnosisVerdict.UNDETERMINED,
        summary=f"Not judged: {told.rstrip('.')}.",
        findings=(),
        not_assessed=tuple(NotAssessed(code=card.code, reason=reason) for card in DETECTORS),
    )


def _ailment(case: Case, causes: Sequence[Cause]) -> Ailment:
    """Returns the numbers of the run with the likely causes of all families."""
    leaves = {leaf.code: leaf.probability for cause in causes for leaf in cause.leaves}
    return replace(numbers_of(case), probabilities=leaves)


def _complete(
    finding: Finding, causes: Sequence[Cause], ailment: Ailment, spec: JobSpec
) -> Finding:
    """Returns the finding with its cause and remedies, which only findings that matter have."""
    if not matters(finding):
        return finding
    cause = explained_by(finding, causes)
    own = replace(ailment, cause=cause.likeliest if cause else None)
    return replace(finding, cause=cause, remedies=prescribe(own, spec))
