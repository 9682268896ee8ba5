"""GET /v1/runs/{id}/history: any quantity over the steps, as JSON or CSV."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from app.api.conditional import conditional_json
from app.api.deps import RunsReader, Work
from app.api.models.history import HistoryView, XAxis, csv_lines, view_history
from app.api.negotiation import CSV, JSON, negotiate
from app.api.problems import ALWAYS, documented
from app.domain.specs.base import MAX_INT
from app.services.read_history import HistoryQuery, read_history

router = APIRouter(prefix="/v1/runs", tags=["telemetry"])

DEFAULT_QUANTITIES = ("loss", "grad_norm")
DEFAULT_MAX_POINTS = 1000
Word = Annotated[str, Query(min_length=1, max_length=300)]
Step = Annotated[int | None, Query(ge=0, le=MAX_INT)]


@router.get(
    "/{run_id}/history",
    summary="Read quantities over the steps",
    response_model=HistoryView,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        304: {"description": "Not modified"},
        **ALWAYS,
        **documented(404, 406),
    },
)
def get_history(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    request: Request,
    run_id: UUID,
    caller: RunsReader,
    work: Work,
    quantity: Annotated[
        list[Word],
        Query(
            max_length=50,
            description="Repeatable; unknown ones are answered with those there are.",
            examples=[["loss", "grad_norm"]],
        ),
    ] = list(DEFAULT_QUANTITIES),  # noqa: B006 - FastAPI copies it
    scope: Annotated[
        list[Word],
        Query(
            max_length=50,
            description="Repeatable: `model`, `tensor:rnn.weight_hh_l0`, `validation`, "
            "`gate:0/forget`, …; without one, the model, or all scopes of a quantity that is not "
            "read of the whole model.",
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    from_step: Step = None,
    to_step: Step = None,
    max_points: Annotated[
        int | None,
        Query(ge=4, le=100_000, description="Of each series: 1000; as CSV all, unless given."),
    ] = None,
    x: Annotated[XAxis, Query(description="What the axis `x` of each series is.")] = "step",
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Spikes survive, whatever `max_points` is, and the statistics are exact.

    Where there are more readings, each of many buckets keeps its first, last, smallest, largest and
    every non-finite one. Values that are not finite are null, and `non_finite` names them; CSV
    writes `nan`, `inf` and `-inf`.
    """
    form = negotiate(accept, offered=(JSON, CSV))
    wanted = HistoryQuery(quantities=quantity, scopes=scope, from_step=from_step, to_step=to_step)
    history = read_history(work, workspace_id=caller.workspace_id, run_id=run_id, query=wanted)
    if form == CSV:
        lines = csv_lines(history, max_points=max_points)
        return StreamingResponse(lines, media_type=CSV, headers={"Vary": "Accept, Authorization"})
    points = max_points or DEFAULT_MAX_POINTS
    return conditional_json(request, view_history(history, max_points=points, x=x))
