"""A diagnosis as clients see it: findings with evidence, and remedies that post unchanged."""

from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from app.api.models.not_finite import NonFinitePlace, places
from app.api.models.view import View
from app.domain.diagnosis.codes import FindingCode
from app.domain.diagnosis.findings import (
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.remedy import Remedy

RUNS = "/v1/runs"


class RequestView(View):
    """What to send to try a remedy."""

    method: Literal["POST"]
    href: str
    body: dict[str, JsonValue]
    """A full, valid job spec."""


class RemedyView(View):
    kind: str
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec; a change of `kind` replaces the whole object."""
    reason: str
    source: str
    request: RequestView


class CauseView(View):
    code: str
    evidence: dict[str, JsonValue]


class FindingView(View):
    """A symptom that was seen."""

    code: FindingCode
    state: FindingState
    impact: Impact
    """Whether it keeps the task from being learned."""
    severity: Severity
    confidence: float | None
    """0 to 1."""
    first_step: int
    last_step: int
    resolved_step: int | None
    scope: str
    threshold: dict[str, float]
    """Under the names that override them: `?vanishing_gradient.max_ratio=0.05`."""
    evidence: dict[str, JsonValue]
    """Numbers, with units in the keys."""
    non_finite: list[NonFinitePlace]
    """Evidence that is null because it is not finite, by JSON pointer into the finding."""
    cause: CauseView | None
    explanation: str
    remedies: list[RemedyView]


class NotAssessedView(View):
    code: FindingCode
    reason: str


class DiagnosisView(View):
    """What was found in one attempt of a run up to one step."""

    run_id: UUID
    attempt: int
    as_of_step: int | None
    """The last step that was looked at; null before the first reading."""
    final: bool
    """True when it was stored together with the end of the run."""
    rules_version: str
    verdict: DiagnosisVerdict
    summary: str
    findings: list[FindingView]
    not_assessed: list[NotAssessedView]
    """What could not be looked for, and why: it never counts as healthy."""


def view_diagnosis(run_id: UUID, diagnosis: Diagnosis) -> DiagnosisView:
    findings = list(map(_view_finding, diagnosis.findings))
    return DiagnosisView.of(diagnosis, run_id=run_id, findings=findings)


def _view_finding(finding: Finding) -> FindingView:
    return FindingView.of(
        finding,
        non_finite=[
            *places(dict(finding.evidence), "/evidence"),
            *places(dict(finding.cause.evidence) if finding.cause else {}, "/cause/evidence"),
        ],
        remedies=list(map(_view_remedy, finding.remedies)),
    )


def _view_remedy(remedy: Remedy) -> RemedyView:
    request = RequestView(method="POST", href=RUNS, body=dict(remedy.body))
    return RemedyView.of(remedy, request=request)
