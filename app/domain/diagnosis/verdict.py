"""Derives a verdict and one sentence from findings, with the words on the detectors' cards."""

from collections.abc import Sequence
from types import MappingProxyType

from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.evidence import listed
from app.domain.diagnosis.findings import (
    DiagnosisVerdict,
    Finding,
    FindingState,
    NotAssessed,
    Severity,
)

_CARDS = MappingProxyType({card.code: card for card in DETECTORS})


def judge(findings: Sequence[Finding], not_assessed: Sequence[NotAssessed]) -> DiagnosisVerdict:
    """Returns `sick` for an active critical finding, `at_risk` for a warning or a prediction.

    Resolved findings do not count. Without such findings the run is `undetermined` if an essential
    symptom could not be assessed, otherwise `healthy`.
    """
    active = {f.severity for f in findings if f.state is FindingState.ACTIVE}
    if Severity.CRITICAL in active:
        return DiagnosisVerdict.SICK
    is_predicted = any(f.state is FindingState.PREDICTED for f in findings)
    if Severity.WARNING in active or is_predicted:
        return DiagnosisVerdict.AT_RISK
    if any(_CARDS[missing.code].is_essential for missing in not_assessed):
        return DiagnosisVerdict.UNDETERMINED
    return DiagnosisVerdict.HEALTHY


def summarise(
    verdict: DiagnosisVerdict, findings: Sequence[Finding], not_assessed: Sequence[NotAssessed]
) -> str:
    """Returns the verdict and its reasons as one sentence."""
    if verdict is DiagnosisVerdict.SICK:
        return f"Sick: {listed(_reasons(findings, Severity.CRITICAL))}."
    if verdict is DiagnosisVerdict.AT_RISK:
        return f"At risk: {listed(_reasons(findings, Severity.WARNING))}."
    if verdict is DiagnosisVerdict.UNDETERMINED:
        codes = listed(m.code for m in not_assessed if _CARDS[m.code].is_essential)
        return f"Undetermined: no problem was seen, but {codes} could not be assessed."
    return "Healthy: no symptom was seen."


def _reasons(findings: Sequence[Finding], severity: Severity) -> list[str]:
    reasons = []
    for finding in findings:
        words = _CARDS[finding.code].in_words
        if finding.state is FindingState.PREDICTED:
            reasons.append(f"it may be that {words}")
        elif finding.state is FindingState.ACTIVE and finding.severity is severity:
            reasons.append(words)
    return reasons
