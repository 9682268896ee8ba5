"""GET /v1/runs/{id}/gradient-flow/heat-map: the gradient flow of many probes, to be drawn."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.heat_map import HeatMapParameters, HeatMapView, view_heat_map
from app.api.protocol.conditional import NOT_MODIFIED, answer_by_version
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.shared_route import SharedRoute
from app.services.runs.read_versions import read_versions
from app.services.telemetry.read_heat_map import read_flow_map

router = APIRouter(prefix="/v1/runs", tags=["telemetry"], route_class=SharedRoute)


@router.get(
    "/{run_id}/gradient-flow/heat-map",
    summary="Read the gradient flow as a heat map",
    response_description="The heat map: log10 of the gradient norm, by probe and lag.",
    response_model=HeatMapView,
    responses={**NOT_MODIFIED, **ALWAYS, **documented(404)},
)
def get_heat_map(
    request: Request,
    run_id: UUID,
    query: Annotated[HeatMapParameters, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    """One scope of up to 1,000 probes by 1,000 lags in little room, without the other curves."""
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )

    def compute() -> HeatMapView:
        found = read(
            lambda work: read_flow_map(
                work,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                shown=query.shown(),
                selection=query.selection(),
                max_lags=query.max_lags,
            )
        )
        return view_heat_map(found)

    return answer_by_version(request, versions, compute)
