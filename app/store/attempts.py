"""The run of one attempt: find it, lock it, take it back from its worker."""

from uuid import UUID

from sqlalchemy import Executable, Select, select
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.runs import Run
from app.store.fence import change_run, held_by, is_running, taken_back
from app.store.run_rows import run_of
from app.store.tables import runs
from app.store.times import seconds_from_now


def lock_held(session: Session, *, run_id: UUID, attempt: int, is_taken_back: bool = False) -> Run:
    """Returns the attempt's run, locked until the end of the transaction.

    With `is_taken_back`, the run must have been taken back from its worker. Raises Fenced when the
    run no longer belongs to the attempt.
    """
    return _one_held(
        session, _select_held(run_id, attempt, is_taken_back=is_taken_back).with_for_update()
    )


def find_held(session: Session, *, run_id: UUID, attempt: int, is_taken_back: bool = False) -> Run:
    """Returns the attempt's run without a lock, for callers that only read.

    With `is_taken_back`, the run must have been taken back from its worker. Raises Fenced when the
    run no longer belongs to the attempt. Another attempt may claim the run right after this call.
    """
    return _one_held(session, _select_held(run_id, attempt, is_taken_back=is_taken_back))


def take_back(session: Session, *, run_id: UUID, attempt: int, lease_s: float) -> None:
    """Takes a running run from its worker: every later write of the worker raises Fenced.

    The caller judges and ends the run within `lease_s` seconds; then the sweep takes it back again.
    Raises Fenced when the run no longer belongs to the attempt.
    """
    values = {"worker_id": None, "lease_expires_at": seconds_from_now(lease_s)}
    if change_run(session, *is_running(run_id, attempt), values=values) is None:
        raise Fenced


def _select_held(run_id: UUID, attempt: int, *, is_taken_back: bool) -> Select[tuple[object, ...]]:
    where = taken_back(run_id, attempt) if is_taken_back else held_by(run_id, attempt)
    return select(runs).where(*where)


def _one_held(session: Session, statement: Executable) -> Run:
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise Fenced
    return run_of(row)
