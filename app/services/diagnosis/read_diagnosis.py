"""Read a run's diagnosis, or diagnose its stored telemetry again with other thresholds."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.diagnosis.overrides import parse_overrides
from app.domain.errors import TelemetryDropped
from app.store.cases import load_case
from app.store.database import UnitOfWork
from app.store.diagnoses import load_diagnosis
from app.store.runs import find_run


def read_diagnosis(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, overrides: Mapping[str, str]
) -> Diagnosis:
    """Returns the stored diagnosis of the present attempt, or computes one.

    It is computed when thresholds are overridden or none is stored. Raises NotFound, InvalidInput
    that names each unknown threshold, and TelemetryDropped when the readings were dropped.
    """
    thresholds = parse_overrides(overrides)
    run = find_run(work.session, workspace_id, run_id)
    stored = None if overrides else load_diagnosis(work.session, run_id)
    if stored is not None and stored.attempt == run.attempt:
        return stored
    if run.telemetry_dropped_at is not None:
        raise TelemetryDropped
    case = load_case(work.session, run, stop_reason=run.stop_reason)
    return diagnose(case, thresholds)
