"""Whether a stored diagnosis stops a running run."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Severity,
)
from app.domain.events import EventKind
from app.services.diagnosis.store_diagnosis import store_diagnosis
from app.store.database import UnitOfWork
from app.store.events import events_after
from tests.domain.diagnosis.builders import finding, sick_diagnosis
from tests.store.builders import claimed_run

SICK = finding("exploding_gradient", first_step=3, last_step=7)


def test_a_critical_finding_stops_a_run_that_asks_for_it_and_the_log_says_so(
    session: Session, workspace_id: UUID
) -> None:
    work, run = UnitOfWork(session), claimed_run(session, workspace_id)

    is_to_stop = store_diagnosis(
        work,
        run_id=run.id,
        attempt=1,
        diagnosis=sick_diagnosis(SICK, SICK, as_of_step=7),
        stops_if_critical=True,
    )

    assert is_to_stop
    last = events_after(session, run.id, 0, 100)[-1]
    assert last.kind is EventKind.STOPPING
    assert last.data == {"attempt": 1, "step": 7, "codes": ["exploding_gradient"]}


@pytest.mark.parametrize(
    ("seen", "stops_if_critical"),
    [
        (SICK, False),
        (replace(SICK, severity=Severity.WARNING), True),
        (replace(SICK, state=FindingState.PREDICTED), True),
        (replace(SICK, state=FindingState.RESOLVED), True),
    ],
)
def test_nothing_else_stops_a_run(
    session: Session, workspace_id: UUID, seen: Finding, *, stops_if_critical: bool
) -> None:
    work, run = UnitOfWork(session), claimed_run(session, workspace_id)

    is_to_stop = store_diagnosis(
        work,
        run_id=run.id,
        attempt=1,
        diagnosis=sick_diagnosis(seen),
        stops_if_critical=stops_if_critical,
    )

    assert not is_to_stop
    kinds = {event.kind for event in events_after(session, run.id, 0, 100)}
    assert EventKind.STOPPING not in kinds
