"""GET /v1/runs/{id}/events: the log of a run, as pages, as a live stream, or as lines."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.models.events import (
    EventPage,
    EventView,
    as_line,
    as_stream,
    view_events,
)
from app.api.models.telemetry_query import MAX_NUMBER, EventParameters
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Hub, Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.event_hub import Credential, EventHub, is_set_within
from app.api.protocol.negotiation import EVENT_STREAM, JSON, JSON_LINES, negotiate
from app.domain.access import Caller
from app.domain.errors import ClinicError
from app.domain.events import Event
from app.services.accounts.browser_sessions import check_session
from app.services.accounts.check_key import check_key
from app.services.telemetry.read_events import check_log, read_events
from app.store.database import unit_of_work

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/v1/runs", tags=["telemetry"])

#: Events that a stream reads at once.
STREAM_PAGE = 200
#: Seconds without an event after which a comment is sent, so that proxies keep the connection.
HEARTBEAT_S = 15.0
#: Milliseconds after which a browser reconnects.
RETRY_MS = 2000
_GREETING = f"retry: {RETRY_MS}\n\n"
_HEARTBEAT = ": still here\n\n"
_DELETED = 'event: end\ndata: {"kind": "end", "data": {"status": "deleted"}}\n\n'


@router.get(
    "/{run_id}/events",
    operation_id="list_events",
    summary="Read or follow a run's log",
    response_description="A page of events, or the stream of events that `Accept` names.",
    response_model=EventPage,
    responses={
        200: {
            "content": {
                EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/StreamedEvent"}},
                JSON_LINES: {"schema": {"type": "string"}},
            }
        },
        **NOT_MODIFIED,
        **ALWAYS,
        **documented(404, 406),
    },
)
def get_events(
    request: Request,
    run_id: UUID,
    query: Annotated[EventParameters, Query()],
    caller: RunsReader,
    read: Read,
    hub: Hub,
    last_event_id: Annotated[
        int | None,
        Header(
            ge=0, le=MAX_NUMBER, description="The last event that a reader has; wins over `after`."
        ),
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """By default a page. A live stream as `text/event-stream` or as `application/jsonl` lines.

    All three contain the same objects. A stream starts after `Last-Event-ID` and ends with
    `event: end`. An earlier `end` belongs to a run that was resumed.
    """
    form = negotiate(accept, offered=(JSON, EVENT_STREAM, JSON_LINES))
    start = query.after if last_event_id is None else last_event_id
    own = caller.workspace_id
    if form == JSON:
        found = read(
            lambda work: read_events(
                work, workspace_id=own, run_id=run_id, after=start, limit=query.limit
            )
        )
        return conditional_json(request, _page(request, found, limit=query.limit))
    if not hub.follows(run_id, workspace_id=own):
        read(lambda work: check_log(work, workspace_id=own, run_id=run_id))
    hub.check_room(caller)
    shown: Credential = request.state.credential
    batches = _batches(hub, run_id, caller, shown, after=start, follow=query.follow)
    text = _stream_text(batches) if form == EVENT_STREAM else _lines(batches)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(text, media_type=form, headers=headers)


def _page(request: Request, found: Sequence[Event], *, limit: int) -> EventPage:
    following = None
    if len(found) == limit:
        url = request.url.include_query_params(after=found[-1].number)
        following = f"{url.path}?{url.query}"
    return EventPage(items=view_events(found), next=following)


async def _batches(
    hub: EventHub, run_id: UUID, caller: Caller, shown: Credential, *, after: int, follow: bool
) -> AsyncIterator[list[EventView] | None]:
    """Yields events as they happen, up to the end of the run.

    An empty list is a heartbeat; None means that the run was deleted.
    """
    async with hub.subscribe(run_id, caller=caller, credential=shown) as changed:
        # the request itself has just been checked
        is_checked = True
        while not hub.is_closing:
            changed.clear()
            if not is_checked and hub.known(shown.digest) is None:
                await run_in_threadpool(_check, hub, caller, shown)
            is_checked = False
            portion = await hub.portion(run_id, after=after, limit=STREAM_PAGE)
            views = view_events(portion.events)
            if views:
                yield views
                after = views[-1].number
            if hub.is_deleted(run_id):
                yield None
                return
            has_caught_up = len(views) < STREAM_PAGE
            if portion.is_last or (has_caught_up and not follow):
                return
            if has_caught_up and not await is_set_within(changed, HEARTBEAT_S):
                yield []


def _check(hub: EventHub, caller: Caller, shown: Credential) -> None:
    """Raises Unauthenticated when the key or the session is over, and WorkspaceSuspended."""
    with unit_of_work(hub.engine) as work:
        check_key(work, caller)
        if shown.is_session:
            check_session(work, digest=shown.digest)


async def _stream_text(batches: AsyncIterator[list[EventView] | None]) -> AsyncIterator[str]:
    yield _GREETING
    async for views in _until_refused(batches):
        if views is None:
            yield _DELETED
        else:
            yield "".join(map(as_stream, views)) or _HEARTBEAT


async def _lines(batches: AsyncIterator[list[EventView] | None]) -> AsyncIterator[str]:
    async for views in _until_refused(batches):
        if views:
            yield "".join(map(as_line, views))


async def _until_refused(
    batches: AsyncIterator[list[EventView] | None],
) -> AsyncIterator[list[EventView] | None]:
    """Ends where the events cannot be read any more: authorised clients reconnect."""
    try:
        async for views in batches:
            yield views
    except ClinicError as error:
        logger.warning("A stream was ended: %s", error)
