"""Read the numbered log of a run from any number on."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.events import Event, EventKind
from app.store.database import UnitOfWork
from app.store.events import event_numbers, events_after
from app.store.runs import find_run


def read_events(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, after: int, limit: int
) -> Sequence[Event]:
    """The events past number `after`, at most `limit`. Raises NotFound."""
    find_run(work.session, workspace_id, run_id)
    return events_after(work.session, run_id, after, limit)


def read_events_or_end(
    work: UnitOfWork, *, run_id: UUID, after: int, limit: int
) -> Sequence[Event]:
    """As above for a run that was found before; the last one again for who has seen it already.

    So a stream that is resumed past its end still ends as every stream does.
    """
    found = events_after(work.session, run_id, after, limit)
    if found:
        return found
    following = event_numbers(work.session, [run_id]).get(run_id)
    if following is None or following > after + 1:  # gone, or written a moment ago
        return ()
    last = events_after(work.session, run_id, following - 2, 1)
    return [event for event in last if event.kind is EventKind.END]
