"""A run's log as clients see it: the same object in a page, in a stream and in a line."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field, JsonValue

from app.api.models.not_finite import NonFinitePlace, places
from app.api.models.view import View
from app.domain.events import Event, EventKind


class EventView(View):
    """One entry of a run's log."""

    number: int
    """Counted from 1 within the run, without gaps."""
    kind: EventKind
    created_at: datetime
    data: dict[str, JsonValue]
    non_finite: list[NonFinitePlace]


#: Each event of a stream; its data is the object that a page has as an item.
STREAM_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "The event's number; absent in the last words."},
        "event": {"type": "string", "enum": list(EventKind)},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/EventView"},
        },
    },
}


class EventPage(View):
    items: list[EventView]
    next: str | None = Field(examples=["/v1/runs/…/events?after=50"])
    """Where the next page is; null when there is none yet."""


def view_event(event: Event) -> EventView:
    return EventView.of(event, non_finite=list(places(dict(event.data))))


def as_stream(view: EventView) -> str:
    """One server-sent event."""
    return f"id: {view.number}\nevent: {view.kind}\ndata: {view.model_dump_json()}\n\n"


def as_line(view: EventView) -> str:
    return view.model_dump_json() + "\n"


def view_events(events: Sequence[Event]) -> list[EventView]:
    return [view_event(event) for event in events]
