"""Reads the numbered event log of runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from app.domain.events import Event, EventKind
from app.store.documents import decode
from app.store.tables import events, runs


def events_after(session: Session, run_id: UUID, after: int, limit: int) -> list[Event]:
    """Returns the first `limit` events with a number above `after`; 0 starts at the beginning."""
    statement = (
        select(events)
        .where(events.c.run_id == run_id, events.c.number > after)
        .order_by(events.c.number)
        .limit(limit)
    )
    return list(map(_event_of, session.execute(statement).mappings()))


def last_events(session: Session, run_id: UUID, most: int) -> list[Event]:
    """Returns the latest events, at most so many, in their order."""
    statement = (
        select(events).where(events.c.run_id == run_id).order_by(events.c.number.desc()).limit(most)
    )
    return list(map(_event_of, session.execute(statement).mappings()))[::-1]


def _event_of(row: RowMapping) -> Event:
    return Event(
        number=row["number"],
        kind=EventKind(row["kind"]),
        created_at=row["created_at"],
        data=_data_of(row),
    )


def _data_of(row: RowMapping) -> Mapping[str, JsonValue]:
    return {key: decode(value) for key, value in row["data"].items()}


@dataclass(frozen=True, kw_only=True)
class LogEnd:
    """The present end of a run's log."""

    next_number: int
    #: True when the run has ended: no event follows unless it is resumed.
    is_over: bool


def log_end(session: Session, run_id: UUID) -> LogEnd | None:
    """Returns the end of a run's log, or None when the run does not exist."""
    statement = select(runs.c.next_event, runs.c.ended_at).where(runs.c.id == run_id)
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    return LogEnd(next_number=row.next_event, is_over=row.ended_at is not None)
