"""Whether a stored diagnosis stops a running run."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.diagnosis.findings import (
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.events import EventKind
from app.services.diagnosis.store_diagnosis import store_diagnosis
from app.store.database import UnitOfWork
from app.store.events import events_after
from tests.store.builders import claimed_run

SICK = Finding(
    code="exploding_gradient",
    state=FindingState.ACTIVE,
    impact=Impact.BLOCKING,
    severity=Severity.CRITICAL,
    confidence=0.9,
    first_step=3,
    last_step=7,
    threshold={},
    evidence={},
    explanation="It explodes.",
)


def diagnosis_with(*findings: Finding) -> Diagnosis:
    return Diagnosis(
        attempt=1,
        as_of_step=7,
        final=False,
        rules_version="1",
        verdict=DiagnosisVerdict.SICK,
        summary="Sick.",
        findings=findings,
        not_assessed=(),
    )


def test_a_critical_finding_stops_a_run_that_asks_for_it_and_the_log_says_so(
    session: Session, workspace_id: UUID
) -> None:
    work, run = UnitOfWork(session), claimed_run(session, workspace_id)

    is_to_stop = store_diagnosis(
        work,
        run_id=run.id,
        attempt=1,
        diagnosis=diagnosis_with(SICK, SICK),
        stops_if_critical=True,
    )

    assert is_to_stop
    last = events_after(session, run.id, 0, 100)[-1]
    assert last.kind is EventKind.STOPPING
    assert last.data == {"attempt": 1, "step": 7, "codes": ["exploding_gradient"]}


@pytest.mark.parametrize(
    ("finding", "stops_if_critical"),
    [
        (SICK, False),
        (replace(SICK, severity=Severity.WARNING), True),
        (replace(SICK, state=FindingState.PREDICTED), True),
        (replace(SICK, state=FindingState.RESOLVED), True),
    ],
)
def test_nothing_else_stops_a_run(
    session: Session, workspace_id: UUID, finding: Finding, *, stops_if_critical: bool
) -> None:
    work, run = UnitOfWork(session), claimed_run(session, workspace_id)

    is_to_stop = store_diagnosis(
        work,
        run_id=run.id,
        attempt=1,
        diagnosis=diagnosis_with(finding),
        stops_if_critical=stops_if_critical,
    )

    assert not is_to_stop
    kinds = {event.kind for event in events_after(session, run.id, 0, 100)}
    assert EventKind.STOPPING not in kinds
