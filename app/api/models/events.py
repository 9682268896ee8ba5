"""A run's log as clients see it: the same object in a page, in a stream and in a line."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import Field, JsonValue

from app.api.models.history import NonFiniteWord, word_of
from app.api.models.run import View
from app.domain.events import Event, EventKind


class NonFinitePlace(View):
    """A number that JSON has no word for; it is null where the pointer points."""

    pointer: str
    value: NonFiniteWord


class EventView(View):
    """One entry of a run's log."""

    number: int
    """Counted from 1 within the run, without gaps."""
    kind: EventKind
    created_at: datetime
    data: dict[str, JsonValue]
    non_finite: list[NonFinitePlace]


class EventPage(View):
    items: list[EventView]
    next: str | None = Field(examples=["/v1/runs/…/events?after=50"])
    """Where the next page is; null when there is none yet."""


def view_event(event: Event) -> EventView:
    return EventView(
        number=event.number,
        kind=event.kind,
        created_at=event.created_at,
        data={key: _finite(value) for key, value in event.data.items()},
        non_finite=list(_non_finite(dict(event.data), "")),
    )


def as_stream(view: EventView) -> str:
    """One server-sent event."""
    return f"id: {view.number}\nevent: {view.kind}\ndata: {view.model_dump_json()}\n\n"


def as_line(view: EventView) -> str:
    return view.model_dump_json() + "\n"


def view_events(events: Sequence[Event]) -> list[EventView]:
    return [view_event(event) for event in events]


def _finite(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _non_finite(value: JsonValue, pointer: str) -> Iterator[NonFinitePlace]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _non_finite(part, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _non_finite(part, f"{pointer}/{index}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield NonFinitePlace(pointer=pointer, value=word_of(value))
