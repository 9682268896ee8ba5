"""From findings to one word and one sentence."""

from collections.abc import Sequence

from app.domain.diagnosis.evidence import listed
from app.domain.diagnosis.findings import (
    DiagnosisVerdict,
    Finding,
    FindingCode,
    FindingState,
    NotAssessed,
    Severity,
)

#: Without these nobody can say that a run is healthy.
ESSENTIAL = frozenset(
    {
        FindingCode.VANISHING_GRADIENT,
        FindingCode.EXPLODING_GRADIENT,
        FindingCode.NON_FINITE,
        FindingCode.NO_BETTER_THAN_BASELINE,
    }
)
IN_WORDS = {
    FindingCode.VANISHING_GRADIENT: "the gradient vanishes before the lag that the task needs",
    FindingCode.EXPLODING_GRADIENT: "the gradient explodes",
    FindingCode.NON_FINITE: "numbers stopped being finite",
    FindingCode.CLIPPING_MASKS_EXPLOSION: "clipping hides a gradient that explodes",
    FindingCode.NO_BETTER_THAN_BASELINE: "a trivial predictor does as well",
}


def judge(findings: Sequence[Finding], not_assessed: Sequence[NotAssessed]) -> DiagnosisVerdict:
    """`sick` by an active critical, `at_risk` by an active warning or a prediction.

    What is resolved never counts, and what could not be looked at never reads as healthy.
    """
    active = {f.severity for f in findings if f.state is FindingState.ACTIVE}
    if Severity.CRITICAL in active:
        return DiagnosisVerdict.SICK
    is_predicted = any(f.state is FindingState.PREDICTED for f in findings)
    if Severity.WARNING in active or is_predicted:
        return DiagnosisVerdict.AT_RISK
    if any(missing.code in ESSENTIAL for missing in not_assessed):
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
        codes = listed(m.code.value for m in not_assessed if m.code in ESSENTIAL)
        return f"Undetermined: nothing bad was seen, but {codes} could not be assessed."
    return "Healthy: nothing that was looked for is wrong."


def _reasons(findings: Sequence[Finding], severity: Severity) -> list[str]:
    reasons = []
    for finding in findings:
        words = IN_WORDS[finding.code]
        if finding.state is FindingState.PREDICTED:
            reasons.append(f"it may be that {words}")
        elif finding.state is FindingState.ACTIVE and finding.severity is severity:
            reasons.append(words)
    return reasons
