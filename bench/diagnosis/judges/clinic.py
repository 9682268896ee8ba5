"""The diagnosis of this service."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Cause, Diagnosis, Finding, FindingState, Severity
from app.domain.diagnosis.remedy import Remedy
from bench.diagnosis.opinions import Opinion

_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """Runs the engine of the domain."""

    name: str = "this service"

    def __call__(self, case: Case) -> Opinion:
        diagnosis = diagnose(case)
        present = list(_present(diagnosis))
        critical = [one for one in present if one.severity is Severity.CRITICAL]
        return Opinion(
            verdict=diagnosis.verdict,
            codes=tuple(one.code for one in present),
            causes=tuple(leaves_of(diagnosis.causes)),
            cause_probability=first_probability(diagnosis.causes),
            confidence=max((one.confidence for one in critical), default=None),
            confidences={one.code: one.confidence for one in diagnosis.findings if one.matters},
            remedies=tuple(dict(remedy.patch) for remedy in advised(diagnosis)),
        )


def advised(diagnosis: Diagnosis) -> list[Remedy]:
    """Returns the remedies of the present findings in the order of advice."""
    return [remedy for finding in _present(diagnosis) for remedy in finding.remedies]


def leaves_of(causes: Sequence[Cause]) -> Iterator[str]:
    """Yields the likeliest leaf of the first family, then all others, the likeliest first.

    They count although the diagnosis itself names a family only, or none.
    """
    ranked = [leaf for cause in causes for leaf in cause.leaves]
    yield from (leaf.code for leaf in ranked[:1])
    others = sorted(ranked[1:], key=lambda leaf: leaf.probability, reverse=True)
    yield from (leaf.code for leaf in others)


def first_probability(causes: Sequence[Cause]) -> float | None:
    """Returns the probability of the first leaf."""
    return next((leaf.probability for cause in causes for leaf in cause.leaves), None)


def _present(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Yields active findings above `info`, the most severe first."""
    for severity in _ORDER[:-1]:
        for finding in diagnosis.findings:
            if finding.severity is severity and finding.state is FindingState.ACTIVE:
                yield finding


CLINIC = Clinic()
