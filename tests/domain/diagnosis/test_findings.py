"""What a diagnosis tells of its findings."""

from dataclasses import replace

import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import FindingState, Severity
from tests.domain.builders import case
from tests.domain.diagnosis.builders import finding


def test_critical_codes_are_those_of_active_findings_once() -> None:
    given = replace(
        diagnose(case()),
        findings=(
            finding("non_finite"),
            finding("non_finite"),
            finding("dead_units", state=FindingState.RESOLVED),
            finding("overfitting", severity=Severity.WARNING),
        ),
    )

    assert given.critical_codes == ("non_finite",)


@pytest.mark.parametrize(
    ("severity", "state", "matters"),
    [
        (Severity.WARNING, FindingState.PREDICTED, True),
        (Severity.CRITICAL, FindingState.RESOLVED, False),
        (Severity.INFO, FindingState.ACTIVE, False),
    ],
)
def test_a_finding_matters_if_it_is_not_past_and_more_than_information(
    severity: Severity, state: FindingState, *, matters: bool
) -> None:
    assert finding(severity=severity, state=state).matters is matters
