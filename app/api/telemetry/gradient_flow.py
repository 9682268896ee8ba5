"""GET /v1/runs/{id}/gradient-flow: the lag profiles of the probes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.gradient_flow import GradientFlowView, view_gradient_flow
from app.api.models.telemetry_query import ProbeParameters
from app.api.protocol.conditional import NOT_MODIFIED, answer_by_version
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.services.runs.read_versions import read_versions
from app.services.telemetry.read_gradient_flow import read_gradient_flow

router = APIRouter(prefix="/v1/runs", tags=["telemetry"])


@router.get(
    "/{run_id}/gradient-flow",
    summary="Read how far back the gradient reaches",
    response_description="Gradient norms by lag, one row for each probe, layer by layer.",
    response_model=GradientFlowView,
    responses={**NOT_MODIFIED, **ALWAYS, **documented(404)},
)
def get_gradient_flow(
    request: Request,
    run_id: UUID,
    query: Annotated[ProbeParameters, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    """The exact gradient of single loss terms by lag. The first layer, `model`, is judged."""
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )

    def compute() -> GradientFlowView:
        found = read(
            lambda work: read_gradient_flow(
                work,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                selection=query.selection(),
            )
        )
        return view_gradient_flow(found)

    return answer_by_version(request, versions, compute)
