"""From findings to one word and one sentence; the words of each symptom are its detector's."""

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
    """`sick` by an active critical, `at_risk` by an active warning or a prediction.

    What is resolved never counts. A run is not healthy while an essential symptom could not be
    assessed.
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
    if verdict is DiagnosisVerdict.SICK:
        return f"Sick: {listed(_reasons(findings, Severity.CRITICAL))}."
    if verdict is DiagnosisVerdict.AT_RISK:
        return f"At risk: {listed(_reasons(findings, Severity.WARNING))}."
    if verdict is DiagnosisVerdict.UNDETERMINED:
        codes = listed(m.code for m in not_assessed if _CARDS[m.code].is_essential)
        return f"Undetermined: nothing bad was seen, but {codes} could not be assessed."
    return "Healthy: nothing that was looked for is wrong."


def _reasons(findings: Sequence[Finding], severity: Severity) -> list[str]:
    reasons = []
    for finding in findings:
        words = _CARDS[finding.code].in_words
        if finding.state is FindingState.PREDICTED:
            reasons.append(f"it may be that {words}")
        elif finding.state is FindingState.ACTIVE and finding.severity is severity:
            reasons.append(words)
    return reasons
