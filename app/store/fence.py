"""The one way to change a run's row: its version and its event numbers rise in the same update.

The row's lock puts writers of one run in order, so that events become visible in the order of
their numbers, and the conditions are what fences: they are checked under that lock.
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
    """An entry of the log that has no number yet."""

    kind: EventKind
    data: Mapping[str, JsonValue] = field(default_factory=dict)


def held_by(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    """True of the row as long as the attempt may write."""
    return (
        runs.c.id == run_id,
        runs.c.attempt == attempt,
        runs.c.status == RunStatus.RUNNING.value,
    )


def change_run(
    session: Session,
    *where: ColumnElement[bool],
    values: Mapping[str, object],
    log: Sequence[NewEvent] = (),
) -> RowMapping | None:
    """The changed row, or None when no row fulfils the conditions; `log` goes with the change."""
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
) -> RowMapping:
    """Change a running run in the name of its attempt."""
    row = change_run(session, *held_by(run_id, attempt), values=values, log=log)
    if row is None:
        raise Fenced
    return row


def append_events(session: Session, run_id: UUID, *, first: int, log: Sequence[NewEvent]) -> None:
    rows = [
        {"run_id": run_id, "number": number, "kind": event.kind.value, "data": encode(event.data)}
        for number, event in enumerate(log, start=first)
    ]
    session.execute(insert(events), rows)
