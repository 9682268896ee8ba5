"""What a cause is: a test of the telemetry, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Evidence

#: The numbers that say that this is the cause; None when it is not.
Test = Callable[[Case], Evidence | None]


@dataclass(frozen=True, kw_only=True)
class EvidenceKey:
    """A number that a cause's evidence may hold."""

    name: str
    #: 1 where it has no dimension.
    unit: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class CauseCard:
    """All that is known of one cause, but for the remedies: their cards name the causes."""

    #: Stable, lower snake case.
    code: str
    #: One sentence: what brings the symptom about.
    summary: str
    #: Code of a finding that it can explain -> how it is told for that finding.
    tests: Mapping[str, Test]
    evidence: tuple[EvidenceKey, ...]
