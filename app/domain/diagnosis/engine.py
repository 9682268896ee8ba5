"""Runs every detector, adds causes and remedies to the findings, and derives the verdict."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causation import (
    explained_by,
    hypotheses,
    named_causes,
)
from app.domain.diagnosis.confidence.of_findings import with_confidence
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.experiments.results import weigh
from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    NotAssessed,
    RankedCause,
)
from app.domain.diagnosis.not_judged import why_not_judged
from app.domain.diagnosis.outlook import outlook_of
from app.domain.diagnosis.outlook.foresight import with_foresight
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Remedy
from app.domain.diagnosis.run_numbers import numbers_of
from app.domain.diagnosis.summary import summarise
from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.diagnosis.verdict import judge

#: Raised by every change that can change a finding of stored telemetry.
RULES_VERSION = "7"


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
    weighed = weigh(judged, hypotheses(judged, found))
    ranked, results = weighed.ranked, weighed.results
    causes = named_causes(ranked, judged, results=results)
    remedies = _remedies(judged, ranked)
    assured = tuple(with_confidence(found, judged, ranked=ranked, causes=causes))
    outlook = outlook_of(judged, found)
    foreseen = with_foresight(judged, assured, outlook)
    findings = tuple(_complete(finding, causes, remedies) for finding in foreseen)
    verdict = judge(findings, not_assessed)
    return Diagnosis(
        attempt=case.attempt,
        as_of_step=case.as_of_step,
        final=case.has_ended,
        rules_version=RULES_VERSION,
        verdict=verdict,
        summary=summarise(
            judged, verdict, findings, not_assessed, causes, outlook, num_experiments=len(results)
        ),
        findings=findings,
        not_assessed=not_assessed,
        causes=causes,
        outlook=outlook,
        experiment_results=results,
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


def _remedies(case: Case, ranked: Sequence[RankedCause]) -> tuple[Remedy, ...]:
    """Returns the remedies for the likely causes of the run; none where no cause is weighed."""
    if not ranked:
        return ()
    # shares of the ranking, which sum to 1: what is advised weighs one cause against another
    probabilities = {one.code: one.probability for one in ranked}
    return prescribe(replace(numbers_of(case), probabilities=probabilities), case.spec)


def _complete(finding: Finding, causes: Sequence[Cause], remedies: tuple[Remedy, ...]) -> Finding:
    """Returns the finding with its cause and remedies, which only findings that matter have."""
    if not finding.matters:
        return finding
    return replace(finding, cause=explained_by(finding, causes), remedies=remedies)
