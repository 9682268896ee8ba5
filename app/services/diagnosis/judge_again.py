"""Judge an ended run again when experiments that test its causes have ended since."""

from uuid import UUID

from sqlalchemy import Engine

from app.domain.diagnosis.engine import diagnose
from app.store.cases import load_case
from app.store.database import UnitOfWork, unit_of_work
from app.store.diagnoses import replace_final_diagnosis
from app.store.experiments import (
    due_results,
    find_ended,
    runs_to_judge_again,
    settle_results,
)


def find_runs_to_judge_again(work: UnitOfWork) -> list[UUID]:
    """Returns the ended runs whose diagnosis lacks results of their experiments."""
    return runs_to_judge_again(work.session)


def judge_again(engine: Engine, *, run_id: UUID) -> None:
    """Replaces the final diagnosis, and notes in the same transaction which results it has.

    No transaction is open while the run is judged. A process that dies leaves all as it was, and
    the next sweep judges again. Results that arrive meanwhile, and a run that was resumed
    meanwhile, are left to a later sweep. A run whose readings were dropped keeps its diagnosis.
    """
    with unit_of_work(engine, snapshot=True) as work:
        run = find_ended(work.session, run_id)
        results = due_results(work.session, run_id)
        if run is None or not results:
            return
        case = None
        if run.telemetry_dropped_at is None:
            case = load_case(work.session, run, stop_reason=run.stop_reason, error=run.error)
    diagnosis = None if case is None else diagnose(case)
    with unit_of_work(engine) as work:
        locked = find_ended(work.session, run_id, locks=True)
        if locked is None or locked.attempt != run.attempt:
            return
        if settle_results(work.session, run_id, results) and diagnosis is not None:
            replace_final_diagnosis(work.session, locked, diagnosis)
