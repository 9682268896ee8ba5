"""Views of a diagnosis: findings with evidence, and remedies that can be posted."""

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
from app.domain.scopes import Scope

RUNS = "/v1/runs"


class RequestView(View):
    """The request that tries a remedy."""

    method: Literal["POST"]
    href: str
    body: dict[str, JsonValue]
    """A complete and valid job spec."""


class RemedyView(View):
    kind: str
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec. A change of `kind` replaces the whole object."""
    reason: str
    source: str
    request: RequestView


class CauseView(View):
    code: str
    evidence: dict[str, JsonValue]


class FindingView(View):
    """A symptom that was found."""

    code: FindingCode
    state: FindingState
    impact: Impact
    """Whether it prevents the task from being learned."""
    severity: Severity
    confidence: float | None
    """From 0 to 1."""
    first_step: int
    last_step: int
    resolved_step: int | None
    scope: Scope
    threshold: dict[str, float]
    """By the names that override them in the query: `?vanishing_gradient.max_ratio=0.05`."""
    evidence: dict[str, JsonValue]
    """Numbers. The keys contain the units."""
    non_finite: list[NonFinitePlace]
    """Evidence that is null because it is not finite, by JSON pointer within the finding."""
    cause: CauseView | None
    explanation: str
    remedies: list[RemedyView]


class NotAssessedView(View):
    code: FindingCode
    reason: str


class DiagnosisView(View):
    """The diagnosis of one attempt of a run, up to one step."""

    run_id: UUID
    attempt: int
    as_of_step: int | None
    """The last step that was judged; null before the first reading."""
    final: bool
    """True: it was stored together with the end of the run."""
    rules_version: str
    verdict: DiagnosisVerdict
    summary: str
    findings: list[FindingView]
    not_assessed: list[NotAssessedView]
    """Symptoms that could not be assessed, with the reasons. They do not count as healthy."""


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
