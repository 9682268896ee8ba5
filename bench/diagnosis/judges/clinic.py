"""The diagnosis of this service."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis, Finding, FindingState, Severity
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
        causes = [one.cause.code for one in present if one.cause is not None]
        patches = [remedy.patch for one in present for remedy in one.remedies]
        return Opinion(
            verdict=diagnosis.verdict,
            codes=tuple(one.code for one in present),
            causes=tuple(dict.fromkeys(causes)),
            confidence=max((one.confidence for one in critical), default=None),
            remedies=tuple(dict(patch) for patch in patches),
        )


def _present(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Yields active findings above `info`, the most severe first."""
    for severity in _ORDER[:-1]:
        for finding in diagnosis.findings:
            if finding.severity is severity and finding.state is FindingState.ACTIVE:
                yield finding


CLINIC = Clinic()
