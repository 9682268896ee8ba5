"""Views of the events of a run. Pages, streams and lines contain the same objects."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field, JsonValue

from app.api.models.not_finite import NonFinitePlace, places
from app.api.models.view import Evidence, View
from app.domain.events import Event, EventKind


class EventView(View):
    """One event of a run."""

    number: int
    """Counted from 1 within the run, without gaps."""
    kind: EventKind
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: Evidence
    """Depends on the kind, for example the step and the metrics of an evaluation."""
    non_finite: list[NonFinitePlace]
    """Numbers in `data` that are null because they are not finite."""


#: Schema of each event of a stream. Its data is an item of a page.
STREAM_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["event", "data"],
    "properties": {
        "id": {
            "type": "string",
            "description": "The number of the event. Absent where a run was deleted.",
        },
        "event": {
            "type": "string",
            "enum": list(EventKind),
            "description": "What happened.",
        },
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "The event, as in a page.",
            "contentSchema": {"$ref": "#/components/schemas/EventView"},
        },
    },
}


class EventPage(View):
    """One page of a run's log."""

    items: list[EventView]
    """Events, the oldest first."""
    next: str | None = Field(examples=["/v1/runs/…/events?after=50"])
    """URL of the next page; null where no further event exists yet."""


def view_event(event: Event) -> EventView:
    return EventView.of(event, non_finite=list(places(dict(event.data))))


def as_stream(view: EventView) -> str:
    """The event as text of a `text/event-stream`."""
    return f"id: {view.number}\nevent: {view.kind}\ndata: {view.model_dump_json()}\n\n"


def as_line(view: EventView) -> str:
    return view.model_dump_json() + "\n"


def view_events(events: Sequence[Event]) -> list[EventView]:
    return [view_event(event) for event in events]
