"""GET /v1/runs/{id}/history: quantities over the steps, as JSON or CSV."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from app.api.models.history import HistoryView, csv_lines, view_history
from app.api.models.telemetry_query import DEFAULT_MAX_POINTS, HistoryParameters
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.negotiation import CSV, JSON, negotiate
from app.api.protocol.problems import ALWAYS, documented
from app.services.telemetry.read_history import HistoryQuery, read_history

router = APIRouter(prefix="/v1/runs", tags=["telemetry"])


@router.get(
    "/{run_id}/history",
    summary="Read quantities over the steps",
    response_model=HistoryView,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **NOT_MODIFIED,
        **ALWAYS,
        **documented(404, 406),
    },
)
def get_history(
    request: Request,
    run_id: UUID,
    query: Annotated[HistoryParameters, Query()],
    caller: RunsReader,
    read: Read,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Series of at most about `max_points` points, with exact statistics over all readings.

    A longer series is divided into buckets. Each bucket keeps its first, last, smallest, largest
    and non-finite readings, so that no spike is lost. In JSON a value that is not finite is null,
    and `non_finite` names it. CSV contains `nan`, `inf` and `-inf`.
    """
    form = negotiate(accept, offered=(JSON, CSV))
    wanted = HistoryQuery(
        quantities=query.quantity,
        scopes=query.scope,
        from_step=query.from_step,
        to_step=query.to_step,
        lineage=query.lineage,
    )
    history = read(
        lambda work: read_history(
            work, workspace_id=caller.workspace_id, run_id=run_id, query=wanted
        )
    )
    if form == CSV:
        lines = csv_lines(history, max_points=query.max_points)
        return StreamingResponse(lines, media_type=CSV, headers={"Vary": "Accept, Authorization"})
    points = query.max_points or DEFAULT_MAX_POINTS
    return conditional_json(request, view_history(history, max_points=points, x=query.x))
