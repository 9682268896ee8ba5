"""Cancels runs and preflights: queued ones at once, running ones through their workers."""

from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy.orm import Session

from app.domain.errors import IllegalTransition
from app.domain.events import EventKind
from app.domain.runs import Run, RunStatus, StopReason, check_transition
from app.store.fence import NewEvent, change_run
from app.store.run_rows import run_of
from app.store.tables import runs
from app.store.times import database_now

#: Why a run is to stop, as its log tells it.
REQUESTED = "cancel_requested"
REQUESTED_BY_OPERATOR = "cancel_requested_by_operator"


def cancel(session: Session, run: Run, *, reason: str = REQUESTED) -> Run:
    """Cancels a queued run at once; asks a running one to stop. The caller has locked the run.

    Asking a second time changes nothing. Raises IllegalTransition when the run has ended.
    """
    if run.status.has_ended:
        detail = f"The run has ended: it is {run.status}."
        raise IllegalTransition(detail)
    if run.status is RunStatus.QUEUED:
        return _cancel_queued(session, run, reason)
    if run.cancel_requested_at is not None:
        return run
    data: Mapping[str, JsonValue] = {
        "status": run.status,
        "attempt": run.attempt,
        "reason": reason,
    }
    log = (NewEvent(kind=EventKind.STATUS, data=data),)
    return _changed(session, run, {"cancel_requested_at": database_now()}, log)


def _cancel_queued(session: Session, run: Run, reason: str) -> Run:
    check_transition(run.status, RunStatus.CANCELLED)
    status: dict[str, JsonValue] = {"status": RunStatus.CANCELLED, "attempt": run.attempt}
    if reason != REQUESTED:
        status["reason"] = reason
    end = {"status": RunStatus.CANCELLED, "stop_reason": StopReason.CANCELLED, "error": None}
    values = {
        "status": RunStatus.CANCELLED.value,
        "stop_reason": StopReason.CANCELLED.value,
        "held_for": None,
        "cancel_requested_at": database_now(),
        "ended_at": database_now(),
    }
    log = (
        NewEvent(kind=EventKind.STATUS, data=status),
        NewEvent(kind=EventKind.END, data=end),
    )
    return _changed(session, run, values, log)


def _changed(
    session: Session, run: Run, values: Mapping[str, object], log: tuple[NewEvent, ...]
) -> Run:
    row = change_run(session, runs.c.id == run.id, values=values, log=log)
    assert row is not None  # noqa: S101 - the caller has locked it
    return run_of(row)
