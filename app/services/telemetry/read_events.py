"""Read the numbered event log of a run from any number on."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.events import Event
from app.store.database import UnitOfWork
from app.store.events import events_after, last_events, log_end
from app.store.runs import find_run


def read_events(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, after: int, limit: int
) -> Sequence[Event]:
    """Returns at most `limit` events with a number above `after`. Raises NotFound."""
    find_run(work.session, workspace_id, run_id)
    return events_after(work.session, run_id, after, limit)


def check_log(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> None:
    """Raises NotFound where the workspace has no such run, whose log somebody wants to follow."""
    find_run(work.session, workspace_id, run_id)


def read_last_events(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, most: int
) -> Sequence[Event]:
    """Returns the latest events, at most so many, in their order. Raises NotFound."""
    find_run(work.session, workspace_id, run_id)
    return last_events(work.session, run_id, most)


@dataclass(frozen=True, kw_only=True)
class Portion:
    """The next events of a log that a client follows."""

    events: Sequence[Event]
    #: Whether the log ends with these events. The log of a resumed run also has earlier ends.
    is_last: bool


def read_portion(work: UnitOfWork, *, run_id: UUID, after: int, limit: int) -> Portion:
    """Returns at most `limit` events with a number above `after`, for a stream.

    When the log has ended and the client has seen all of it, the last event is repeated, so that
    every stream ends with an event. The caller has checked that the run is the client's.
    """
    found = events_after(work.session, run_id, after, limit)
    end = log_end(work.session, run_id)
    reached = found[-1].number if found else after
    if end is None or not end.is_over or end.next_number > reached + 1:
        return Portion(events=found, is_last=False)
    last = found or events_after(work.session, run_id, end.next_number - 2, 1)
    return Portion(events=last, is_last=True)
