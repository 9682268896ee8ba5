"""End a run: its final diagnosis, its list of files and its end are stored in one transaction.

The diagnosis is computed before that transaction, which only checks that no reading was added.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Engine

from app.domain.artifacts import Publication
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.errors import Unavailable
from app.domain.runs import STATUS_OF, RunStatus, StopReason
from app.store.artifacts import publish
from app.store.attempts import find_held, lock_held
from app.store.cases import load_case
from app.store.claims import finish, has_ended_with
from app.store.database import UnitOfWork, unit_of_work
from app.store.diagnoses import save_diagnosis
from app.store.telemetry import num_batches

#: A run whose readings change while it is judged is judged again, this often at most.
MAX_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """Why an attempt of a run ends; not stored yet."""

    run_id: UUID
    attempt: int
    stop_reason: StopReason
    #: One sentence for the client when the run failed.
    error: str | None = None
    publication: Publication | None = None
    #: Whether the run was taken back from its worker, which then writes nothing more.
    is_taken_back: bool = False


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A final diagnosis and the number of batches of readings that it rests on."""

    diagnosis: Diagnosis
    num_batches: int
    #: Whether the remedies of the run are to be tried.
    wants_trial: bool


def finish_run(engine: Engine, end: AttemptEnd) -> None:
    """Ends the run; a repeated call with the same reason changes nothing.

    A run whose files could not be published fails: its weights are in its last checkpoint. No
    transaction is open while the run is judged. Raises Fenced when the run no longer belongs to
    the attempt, and Unavailable when its readings changed each time while it was judged.
    """
    end = _as_published(end)
    for _ in range(MAX_TRIES):
        judged = _judge(engine, end)
        if judged is None or _store(engine, end, judged):
            return
    detail = "The run's readings change while it is judged; try again shortly."
    raise Unavailable(detail)


def _as_published(end: AttemptEnd) -> AttemptEnd:
    """Returns the end of a crash for a run that has succeeded but whose files are not there."""
    error = None if end.publication is None else end.publication.error
    if error is None or STATUS_OF[end.stop_reason] is not RunStatus.SUCCEEDED:
        return end
    return replace(end, stop_reason=StopReason.CRASHED, error=error)


def _judge(engine: Engine, end: AttemptEnd) -> _Judged | None:
    """Returns None when the attempt has ended the run with this reason before."""
    run_id, attempt = end.run_id, end.attempt
    with unit_of_work(engine, snapshot=True) as work:
        session, reason = work.session, end.stop_reason
        if has_ended_with(session, run_id=run_id, attempt=attempt, stop_reason=reason):
            return None
        run = find_held(session, run_id=run_id, attempt=attempt, is_taken_back=end.is_taken_back)
        case = load_case(session, run, stop_reason=reason, error=end.error)
        known = num_batches(session, run_id)
    is_critical = reason is StopReason.CRITICAL_FINDING
    return _Judged(
        diagnosis=diagnose(case),
        num_batches=known,
        wants_trial=is_critical and case.spec.training.on_finding.starts_trial,
    )


def _store(engine: Engine, end: AttemptEnd, judged: _Judged) -> bool:
    """Stores the end; returns False, without a change, when readings were added meanwhile."""
    with unit_of_work(engine) as work:
        return _store_unless_changed(work, end, judged)


def _store_unless_changed(work: UnitOfWork, end: AttemptEnd, judged: _Judged) -> bool:
    session = work.session
    run_id, attempt = end.run_id, end.attempt
    lock_held(session, run_id=run_id, attempt=attempt, is_taken_back=end.is_taken_back)
    if num_batches(session, run_id) != judged.num_batches:
        return False
    if end.publication is not None:
        publish(session, end.publication, run_id=run_id, attempt=attempt)
    save_diagnosis(
        session,
        run_id=run_id,
        attempt=attempt,
        diagnosis=judged.diagnosis,
        is_taken_back=end.is_taken_back,
    )
    finish(
        session,
        run_id=run_id,
        attempt=attempt,
        stop_reason=end.stop_reason,
        error=end.error,
        is_taken_back=end.is_taken_back,
        wants_trial=judged.wants_trial,
    )
    return True
