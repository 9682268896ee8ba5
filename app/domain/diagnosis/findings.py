"""What a diagnosis says: findings with evidence, what could not be assessed, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from app.domain.diagnosis.remedy import Remedy
from app.domain.scopes import Scope

#: Numbers by name, with units in the names.
Evidence = Mapping[str, JsonValue]


class FindingState(StrEnum):
    """Prognosis, present or past."""

    #: Seen before there is enough of the run to call it active.
    PREDICTED = "predicted"
    ACTIVE = "active"
    RESOLVED = "resolved"


class Impact(StrEnum):
    """Whether the symptom keeps the task from being learned."""

    BLOCKING = "blocking"
    NONE = "none"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class DiagnosisVerdict(StrEnum):
    HEALTHY = "healthy"
    AT_RISK = "at_risk"
    SICK = "sick"
    #: Nothing bad was found, but something that matters could not be assessed.
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why the symptom is there, with the numbers that say so."""

    #: Of a cause card.
    code: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A symptom that was seen."""

    #: Of a detector card.
    code: str
    state: FindingState
    impact: Impact
    severity: Severity
    #: 0 to 1.
    confidence: float
    first_step: int
    last_step: int
    resolved_step: int | None = None
    scope: Scope = field(default_factory=Scope.model)
    #: The thresholds that were crossed, under the names that override them.
    threshold: Mapping[str, float]
    #: Numbers, with units in the keys.
    evidence: Evidence
    cause: Cause | None = None
    #: Two plain sentences.
    explanation: str
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotAssessed:
    """A symptom that could not be looked for, and why."""

    #: Of a detector card.
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Findings of one run at one moment; a pure function of its telemetry, thresholds and rules."""

    attempt: int
    #: Last step that was seen; None before the first reading.
    as_of_step: int | None
    #: True when it was made together with the end of the run.
    final: bool
    rules_version: str
    verdict: DiagnosisVerdict
    summary: str
    findings: tuple[Finding, ...]
    not_assessed: tuple[NotAssessed, ...]
