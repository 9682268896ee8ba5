"""Findings and diagnoses with keyword defaults: a test names only what matters to it."""

from dataclasses import replace

from app.domain.diagnosis.findings import (
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    FindingState,
    Impact,
    Severity,
)


def finding(code: str = "vanishing_gradient", **changes: object) -> Finding:
    """An active critical finding; `changes` are fields of it."""
    made = Finding(
        code=code,
        state=FindingState.ACTIVE,
        impact=Impact.UNKNOWN,
        severity=Severity.CRITICAL,
        first_step=0,
        last_step=1,
        threshold={},
        evidence={},
        explanation="",
    )
    return replace(made, **changes)  # type: ignore[arg-type] # each test names a field


def sick_diagnosis(*findings: Finding, **changes: object) -> Diagnosis:
    """Of a run that trains; `changes` are fields of it."""
    made = Diagnosis(
        attempt=1,
        as_of_step=1,
        final=False,
        rules_version="1",
        verdict=DiagnosisVerdict.SICK,
        summary="Sick.",
        findings=findings,
        not_assessed=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # each test names a field
