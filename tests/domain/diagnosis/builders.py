"""Findings with keyword defaults: a test names only what matters to it."""

from app.domain.diagnosis.findings import Finding, FindingState, Impact, Severity


def finding(
    code: str = "vanishing_gradient",
    *,
    severity: Severity = Severity.CRITICAL,
    state: FindingState = FindingState.ACTIVE,
) -> Finding:
    return Finding(
        code=code,
        state=state,
        impact=Impact.UNKNOWN,
        severity=severity,
        first_step=0,
        last_step=1,
        threshold={},
        evidence={},
        explanation="",
    )
