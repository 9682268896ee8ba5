"""What tells how likely a run is to fail."""

import pytest

from app.domain.diagnosis.confidence.marks import LEAST_LEVEL, Marks, marks_of
from app.domain.diagnosis.findings import FindingState, Severity
from tests.domain.builders import case, scores, task, telemetry
from tests.domain.diagnosis.builders import finding


def test_only_findings_that_are_active_and_matter_are_counted() -> None:
    found = [
        finding(severity=Severity.WARNING),
        finding(severity=Severity.WARNING, state=FindingState.PREDICTED),
        finding(severity=Severity.CRITICAL, state=FindingState.RESOLVED),
        finding(severity=Severity.INFO),
    ]

    marks = marks_of(case(seen=telemetry(num_steps=250)), found)

    assert not marks.has_failed
    assert marks.active_left == pytest.approx(0.75)


def test_a_critical_finding_is_a_failure() -> None:
    assert marks_of(case(), [finding(severity=Severity.CRITICAL)]).has_failed


def _at(score: float, *, attainable: float | None) -> Marks:
    """Half of the run is done; the baseline has 0.2."""
    read = scores(dict.fromkeys(range(0, 500, 100), score))
    given = case(
        facts=task(attainable=attainable, floor=0.2),
        seen=telemetry(readings=read, num_steps=500),
    )
    return marks_of(given, ())


def test_a_level_counts_by_the_steps_that_are_left() -> None:
    marks = _at(0.1, attainable=0.0)

    assert marks.share == pytest.approx(0.5, abs=0.01)
    assert marks.level_left == pytest.approx(0.5 * (1 - marks.share))


def test_without_an_expected_score_the_gain_counts() -> None:
    assert _at(0.05, attainable=None).level_left == pytest.approx(0.75 * 0.5, abs=0.01)


def test_a_score_far_below_the_baseline_counts_as_the_least() -> None:
    assert _at(1e9, attainable=0.0).level_left == pytest.approx(LEAST_LEVEL * 0.5, abs=0.01)


def test_without_a_score_there_is_no_level() -> None:
    assert marks_of(case(), ()).level_left == 0
