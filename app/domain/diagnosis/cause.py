"""What a cause is: a test of the telemetry, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Evidence

#: Returns the evidence for the cause; None if it does not apply.
Test = Callable[[Case], Evidence | None]


@dataclass(frozen=True, kw_only=True)
class EvidenceKey:
    """A number that a cause's evidence may hold."""

    name: str
    #: 1 if it has no dimension.
    unit: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class CauseCard:
    """All that is known of one cause, except its remedies, whose cards name their causes."""

    #: Stable, lower snake case.
    code: str
    #: One sentence that says what leads to the symptom.
    summary: str
    #: Code of a finding that it can explain -> its test for that finding.
    tests: Mapping[str, Test]
    evidence: tuple[EvidenceKey, ...]
