"""Changes a run's row, and raises its version and its event numbers in the same update.

Every change of a run goes through this module. The row lock orders the writers of one run, so that
events become visible in the order of their numbers. The conditions of the update fence stale
attempts, because PostgreSQL checks them while it holds that lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, RowMapping, insert, update
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.runs import RunStatus
from app.store.documents import encode
from app.store.tables import events, runs


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event that has no number yet."""

    kind: EventKind
    data: Mapping[str, JsonValue] = field(default_factory=dict)


def is_running(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions under which the attempt is the run's present one."""
    return (
        runs.c.id == run_id,
        runs.c.attempt == attempt,
        runs.c.status == RunStatus.RUNNING.value,
    )


def held_by(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions under which the attempt's worker may change the run."""
    return (*is_running(run_id, attempt), runs.c.worker_id.is_not(None))


def taken_back(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions under which the attempt was taken back and has not ended.

    Its worker may write nothing more, so that the readings stay as they are.
    """
    return (*is_running(run_id, attempt), runs.c.worker_id.is_(None))


def change_run(
    session: Session,
    *where: ColumnElement[bool],
    values: Mapping[str, object],
    log: Sequence[NewEvent] = (),
) -> RowMapping | None:
    """Changes one run and appends `log` to its events; returns the new row.

    Returns None, and changes nothing, when no row meets the conditions.
    """
    statement = (
        update(runs)
        .where(*where)
        .values(version=runs.c.version + 1, next_event=runs.c.next_event + len(log), **values)
        .returning(*runs.c)
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is not None and log:
        append_events(session, row["id"], first=row["next_event"] - len(log), log=log)
    return row


def change_attempt(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    values: Mapping[str, object],
    log: Sequence[NewEvent] = (),
    is_taken_back: bool = False,
) -> RowMapping:
    """Changes a running run for its attempt and returns the new row.

    With `is_taken_back`, the run must have been taken back from its worker. Raises Fenced when the
    run no longer belongs to the attempt.
    """
    where = taken_back(run_id, attempt) if is_taken_back else held_by(run_id, attempt)
    row = change_run(session, *where, values=values, log=log)
    if row is None:
        raise Fenced
    return row


def append_events(session: Session, run_id: UUID, *, first: int, log: Sequence[NewEvent]) -> None:
    rows = [
        {"run_id": run_id, "number": number, "kind": event.kind.value, "data": encode(event.data)}
        for number, event in enumerate(log, start=first)
    ]
    session.execute(insert(events), rows)
