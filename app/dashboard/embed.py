"""A chart of a run for a frame in a page of somebody else."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.protocol.deps import ApiSettings, Read, RunsReader
from app.api.telemetry.plots import Chart, PlotParameters
from app.dashboard.pages import PageRoute, policy_in_frames, render
from app.dashboard.run_page import read_run_view, title_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/embed/runs/{run_id}/{chart}")
def get_embedded_chart(
    request: Request,
    run_id: UUID,
    chart: Chart,
    query: Annotated[PlotParameters, Query()],
    caller: RunsReader,
    read: Read,
    settings: ApiSettings,
) -> Response:
    """The picture of `GET /v1/runs/{run_id}/plots/{chart}.svg`, read again while the run is live.

    A frame gets the session's cookie only in pages of the same site (`SameSite=Lax`).
    """
    run = read_run_view(read, caller, run_id)
    return render(
        request,
        "embed.html",
        policy=policy_in_frames(settings.embed_origins),
        run=run,
        title=title_of(run),
        chart=chart,
        theme=query.theme,
        picture=f"/v1/runs/{run_id}/plots/{chart}.svg?width={query.width}&theme={query.theme}",
        is_over=run.ended_at is not None,
    )
