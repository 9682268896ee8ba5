"""Derives a verdict from findings and from what could not be assessed."""

from collections.abc import Sequence
from types import MappingProxyType

from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import (
    DiagnosisVerdict,
    Finding,
    FindingState,
    NotAssessed,
    Severity,
)

_CARDS = MappingProxyType({card.code: card for card in DETECTORS})


def judge(findings: Sequence[Finding], not_assessed: Sequence[NotAssessed]) -> DiagnosisVerdict:
    """Returns `sick` for an active critical finding, `at_risk` for a warning or a prediction.

    Resolved findings do not count. Without such findings the run is `undetermined` if an essential
    symptom could not be assessed, otherwise `healthy`.
    """
    active = {f.severity for f in findings if f.state is FindingState.ACTIVE}
    if Severity.CRITICAL in active:
        return DiagnosisVerdict.SICK
    is_predicted = any(f.state is FindingState.PREDICTED for f in findings)
    if Severity.WARNING in active or is_predicted:
        return DiagnosisVerdict.AT_RISK
    if any(_CARDS[missing.code].is_essential for missing in not_assessed):
        return DiagnosisVerdict.UNDETERMINED
    return DiagnosisVerdict.HEALTHY
