"""The parts of a diagnosis: findings with evidence, what was not assessed, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from app.domain.diagnosis.remedy import Patch, Remedy
from app.domain.scopes import Scope, Split

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
class RankedCause:
    """A hypothesis and how likely it is."""

    #: Code of a cause card, or `unknown` for a cause that has no card.
    code: str
    #: From 0 to 1.
    probability: float


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run that would tell by its result whether a cause is the right one."""

    #: Code of the cause that it tests.
    cause: str
    #: What its result tells.
    reason: str
    #: A merge patch of the job spec.
    patch: Patch
    #: The full, valid job spec with the patch applied: the body of `POST /v1/runs`.
    body: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class ExperimentResult:
    """What a run that tested a cause of another run tells of it."""

    #: Code of the cause that it tests, the likeliest if its change tests several.
    cause: str
    #: A merge patch of the job spec.
    patch: Patch
    run_id: UUID
    #: How far its score is from that of the baseline, 0, to the one that the task allows, 1.
    progress: float
    #: Whether the progress is enough to call the task learned.
    has_learned: bool
    #: Code of the cause that it speaks for most; None if there is no other cause.
    supports: str | None
    #: Of the tested cause: without any experiment, and by all of them.
    probability_before: float
    probability: float
    #: Two plain sentences.
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A hypothesis that explains what is wrong with a run, with the numbers of the run."""

    #: Of a cause card, of a family if none of its causes stands out, or `undetermined`.
    code: str
    #: Code of the family; None for `undetermined`, and in diagnoses that were stored without one.
    family: str | None = None
    #: That it is a cause, from 0 to 1, given that the run fails. A run may have two, so that the
    #: sum may exceed 1. Of `undetermined`, that none of the causes listed after it is one. None in
    #: diagnoses that were stored without one.
    probability: float | None = None
    evidence: Evidence = field(default_factory=dict)
    #: The causes of the family that are possible, the likeliest first.
    leaves: tuple[RankedCause, ...] = ()
    #: Of `undetermined` only.
    experiments: tuple[Experiment, ...] = ()
    #: Why no remedy acts on it; None where there are remedies.
    no_remedy: str | None = None

    @property
    def likeliest(self) -> str | None:
        """The likeliest cause of the family; None for `undetermined`."""
        return self.leaves[0].code if self.leaves else None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A symptom that was seen."""

    #: Code of a detector card.
    code: str
    state: FindingState
    impact: Impact
    severity: Severity
    #: That it is right, from 0 to 1: that the run fails for this or, of a finding that does not
    #: matter, that it does no harm (`confidence`). 0 until the diagnosis knows its causes.
    confidence: float = 0.0
    first_step: int
    last_step: int
    resolved_step: int | None = None
    scope: Scope = field(default_factory=Scope.model)
    #: The thresholds that were crossed, under the names that override them.
    threshold: Mapping[str, float]
    #: Numbers, with units in the keys.
    evidence: Evidence
    #: The first of the diagnosis' causes that can explain it.
    cause: Cause | None = None
    #: Two plain sentences.
    explanation: str
    remedies: tuple[Remedy, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether it needs a cause: it is not past, and more than information."""
        return self.state is not FindingState.RESOLVED and self.severity is not Severity.INFO


@dataclass(frozen=True, kw_only=True)
class NotAssessed:
    """A symptom that could not be assessed, and why."""

    #: Code of a detector card.
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """How a running run will end at the steps and the schedule asked for, if it is left alone."""

    #: That it ends no better than its baseline, from 0 to 1.
    probability_no_better_than_baseline: float
    #: That it ends so or far from the score that the task allows, from 0 to 1.
    probability_not_learned: float
    #: The task's metric and the split that are judged.
    metric: str
    split: Split
    #: The median of the metric at the end, and its 80 % interval.
    expected: float
    interval: tuple[float, float]
    #: Share of the run's steps that are done.
    share_of_run: float


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
    #: The likeliest first, at most three; empty without a finding that matters.
    causes: tuple[Cause, ...] = ()
    #: None for a run that has ended, and as long as it has no score or no baseline.
    outlook: Outlook | None = None
    #: Of the experiments that have ended.
    experiment_results: tuple[ExperimentResult, ...] = ()

    @property
    def critical_codes(self) -> tuple[str, ...]:
        """Codes of the findings that are critical and active, without duplicates."""
        critical = (
            finding.code
            for finding in self.findings
            if finding.severity is Severity.CRITICAL and finding.state is FindingState.ACTIVE
        )
        return tuple(dict.fromkeys(critical))
