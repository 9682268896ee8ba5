"""Lists in pages. A cursor names the last item seen, so new items shift no page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query, Request

from app.domain.errors import InvalidInput, Problem

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
        problem = Problem(
            pointer="query/cursor",
            detail="This is not a cursor of the service.",
            code="invalid_cursor",
        )
        raise InvalidInput(problem.detail, problems=[problem]) from error
    if position[0].tzinfo is None:
        return read_cursor("")
    return position


def next_page(request: Request, position: Position | None) -> str | None:
    """The URL of the page after `position`, with the same filters; None after the last page."""
    if position is None:
        return None
    text = json.dumps([position[0].isoformat(), str(position[1])])
    cursor = urlsafe_b64encode(text.encode()).decode()
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


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
