"""Read a run's diagnosis, or diagnose its stored telemetry again with other thresholds."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Engine

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.diagnosis.overrides import parse_overrides
from app.domain.errors import TelemetryDropped
from app.store.cases import load_case
from app.store.database import UnitOfWork, unit_of_work
from app.store.diagnoses import load_diagnosis
from app.store.runs import find_run


def read_diagnosis(
    engine: Engine, *, workspace_id: UUID, run_id: UUID, overrides: Mapping[str, str]
) -> Diagnosis:
    """Returns the stored diagnosis of the present attempt, or computes one.

    It is computed when thresholds are overridden or none is stored, after the transaction that
    reads the telemetry. Raises NotFound, InvalidInput that names each unknown threshold, and
    TelemetryDropped when the readings were dropped.
    """
    thresholds = parse_overrides(overrides)
    with unit_of_work(engine, snapshot=True) as work:
        found = load_diagnosis_or_case(
            work, workspace_id=workspace_id, run_id=run_id, may_be_stored=not overrides
        )
    return found if isinstance(found, Diagnosis) else diagnose(found, thresholds)


def load_diagnosis_or_case(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, may_be_stored: bool
) -> Diagnosis | Case:
    """Returns the stored diagnosis of the present attempt, or else what is to be diagnosed.

    Raises NotFound, and TelemetryDropped when the readings were dropped.
    """
    run = find_run(work.session, workspace_id, run_id)
    stored = load_diagnosis(work.session, run_id) if may_be_stored else None
    if stored is not None and stored.attempt == run.attempt:
        return stored
    if run.telemetry_dropped_at is not None:
        raise TelemetryDropped
    return load_case(work.session, run, stop_reason=run.stop_reason, error=run.error)
