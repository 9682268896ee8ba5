"""Lists in pages. A cursor names the last item seen, so new items shift no page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query, Request
from pydantic import JsonValue

from app.domain.errors import InvalidInput, Problem
from app.store.run_order import RunPlace

Limit = Annotated[int, Query(ge=1, le=200, description="The largest number of items on the page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="Opaque: `next` of the page before contains it."),
]
DEFAULT_LIMIT = 50
#: Creation time and id of the last item seen.
Position = tuple[datetime, UUID]


def read_cursor(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        created_at, item_id = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        position = datetime.fromisoformat(created_at), UUID(item_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise _unknown_cursor() from error
    if position[0].tzinfo is None:
        return read_cursor("")
    return position


def _unknown_cursor() -> InvalidInput:
    problem = Problem(
        pointer="query/cursor",
        detail="This is not a cursor of this list.",
        code="invalid_cursor",
    )
    return InvalidInput(problem.detail, problems=[problem])


def next_page(request: Request, position: Position | None) -> str | None:
    """The URL of the page after `position`, with the same filters; None after the last page."""
    if position is None:
        return None
    return _page_from(request, [position[0].isoformat(), str(position[1])])


def _page_from(request: Request, place: list[JsonValue]) -> str:
    text = json.dumps(place)
    cursor = urlsafe_b64encode(text.encode()).decode()
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


def read_place(cursor: str | None) -> RunPlace | None:
    """Reads the cursor of a list in an order of its own."""
    if cursor is None:
        return None
    try:
        value, run_id = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        return RunPlace(value=None if value is None else float(value), run_id=UUID(run_id))
    except (ValueError, TypeError, AttributeError) as error:
        raise _unknown_cursor() from error


def page_after(request: Request, place: RunPlace | None) -> str | None:
    """The URL of the page after `place`; None after the last page."""
    return None if place is None else _page_from(request, [place.value, str(place.run_id)])


class Created(Protocol):
    """Anything with an id and a creation time."""

    @property
    def id(self) -> UUID: ...

    @property
    def created_at(self) -> datetime: ...


Item = TypeVar("Item", bound=Created)


def cut(
    items: Sequence[Item], *, limit: int, after: Position | None
) -> tuple[Sequence[Item], Position | None]:
    """One page of a list in memory, oldest first, and the position of the next page."""
    rest = [item for item in items if after is None or (item.created_at, item.id) > after]
    page = rest[:limit]
    has_more = len(rest) > limit
    return page, (page[-1].created_at, page[-1].id) if has_more else None
