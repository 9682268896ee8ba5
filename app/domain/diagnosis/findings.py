"""The parts of a diagnosis: findings with evidence, what was not assessed, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from app.domain.diagnosis.remedy import Remedy
from app.domain.scopes import Scope

#: Numbers by name, with units in the names.
Evidence = Mapping[str, JsonValue]


class FindingState(StrEnum):
    """Whether a symptom is predicted, present or past."""

    #: Seen too early in the run to be called active.
    PREDICTED = "predicted"
    ACTIVE = "active"
    RESOLVED = "resolved"


class Impact(StrEnum):
    """Whether the symptom prevents the task from being learned."""

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
    #: There is no finding that matters, but an essential symptom could not be assessed.
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why the symptom is present, with the numbers that show it."""

    #: Code of a cause card.
    code: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A symptom that was seen."""

    #: Code of a detector card.
    code: str
    state: FindingState
    impact: Impact
    severity: Severity
    #: From 0 to 1.
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
    """A symptom that could not be assessed, and why."""

    #: Code of a detector card.
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Findings of one run at one step: a pure function of its telemetry, thresholds and rules."""

    attempt: int
    #: Last step with a reading; None before the first reading.
    as_of_step: int | None
    #: True if the run had ended.
    final: bool
    rules_version: str
    verdict: DiagnosisVerdict
    summary: str
    findings: tuple[Finding, ...]
    not_assessed: tuple[NotAssessed, ...]
