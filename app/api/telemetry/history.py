"""GET /v1/runs/{id}/history: quantities over the steps, as JSON, CSV, Arrow or Parquet."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from app.api.models.history import HistoryView, view_history
from app.api.models.history_arrow import arrow_parts, parquet_parts
from app.api.models.history_blocks import Block, export_blocks, point_blocks
from app.api.models.history_csv import csv_parts
from app.api.models.telemetry_query import DEFAULT_MAX_POINTS, HistoryParameters
from app.api.protocol.conditional import NOT_MODIFIED, answer_by_version
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.negotiation import ARROW_STREAM, CSV, JSON, PARQUET, negotiate
from app.api.protocol.shared_route import SharedRoute
from app.services.runs.read_versions import read_versions
from app.services.telemetry.plan_history import plan_history
from app.services.telemetry.read_history import read_history

router = APIRouter(prefix="/v1/runs", tags=["telemetry"], route_class=SharedRoute)

#: The forms in which all readings are streamed.
STREAMED: Mapping[str, Callable[[Iterable[Block]], Iterator[str] | Iterator[bytes]]] = (
    MappingProxyType({CSV: csv_parts, ARROW_STREAM: arrow_parts, PARQUET: parquet_parts})
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{run_id}/history",
    summary="Read quantities over the steps",
    response_description="The series that were asked for, in the media type that `Accept` names.",
    response_model=HistoryView,
    responses={
        200: {
            "content": {
                CSV: {"schema": {"type": "string"}},
                ARROW_STREAM: _BINARY,
                PARQUET: _BINARY,
            }
        },
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
    """Series of at most about `max_points` points, with statistics over all readings.

    A longer series is divided into buckets. Each bucket keeps its first, last, smallest, largest
    and non-finite readings, so that no spike is lost. Of a range of more than 100,000 steps the
    buckets hold at least 1,024 steps, the percentiles have a stated relative error below 1 %, and
    the first 10,000 non-finite readings are kept; all other statistics stay exact. In JSON a value
    that is not finite is null, and `non_finite` names it. CSV contains `nan`, `inf` and `-inf`. An
    Arrow stream and Parquet have the columns of the CSV, and all of their numbers are exact. These
    three contain every reading unless `max_points` is given.
    """
    form = negotiate(accept, offered=(JSON, *STREAMED))
    if form in STREAMED:
        return _streamed(form, run_id, query, caller, read)
    versions = read(
        lambda work: read_versions(
            work, workspace_id=caller.workspace_id, run_id=run_id, lineage=query.lineage
        )
    )
    points = query.max_points or DEFAULT_MAX_POINTS

    def compute() -> HistoryView:
        history = read(
            lambda work: read_history(
                work,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                query=query.selection(),
                max_points=points,
                x=query.x,
            )
        )
        return view_history(history, max_points=points, x=query.x)

    return answer_by_version(request, versions, compute)


def _streamed(
    form: str, run_id: UUID, query: HistoryParameters, caller: RunsReader, read: Read
) -> Response:
    blocks = _blocks(run_id, query, caller, read)
    return StreamingResponse(
        STREAMED[form](blocks),
        media_type=form,
        headers={"Vary": "Accept, Authorization"},
    )


def _blocks(
    run_id: UUID, query: HistoryParameters, caller: RunsReader, read: Read
) -> Iterator[Block]:
    """Refuses a wrong query before the first block."""
    selection, most = query.selection(), query.max_points
    if most is None:
        plan = read(
            lambda work: plan_history(
                work, workspace_id=caller.workspace_id, run_id=run_id, query=selection
            )
        )
        return export_blocks(read.engine, plan)
    history = read(
        lambda work: read_history(
            work,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            query=selection,
            max_points=most,
            x="time",
        )
    )
    return point_blocks(history)
