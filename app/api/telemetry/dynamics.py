"""GET /v1/runs/{id}/dynamics: scalars that the probes measured of the recurrence."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.dynamics import DynamicsView, view_dynamics
from app.api.models.telemetry_query import ProbeParameters
from app.api.protocol.conditional import NOT_MODIFIED, answer_by_version
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.shared_route import SharedRoute
from app.domain.dynamics import DYNAMICS
from app.services.runs.read_versions import read_versions
from app.services.telemetry.read_dynamics import read_dynamics

router = APIRouter(prefix="/v1/runs", tags=["telemetry"], route_class=SharedRoute)

_DESCRIPTION = "\n".join(
    [
        "Scalars that the probes measured: one series per quantity and scope. `not_assessed` lists",
        "what was not measured, with the reason.",
        "",
        *(f"- `{one.name}` ({one.unit}): {one.formula} ({one.source})" for one in DYNAMICS),
    ]
)


@router.get(
    "/{run_id}/dynamics",
    summary="Read the dynamics of the recurrence",
    response_description="One series for each quantity and scope, and what was not measured.",
    description=_DESCRIPTION,
    response_model=DynamicsView,
    responses={**NOT_MODIFIED, **ALWAYS, **documented(404)},
)
def get_dynamics(
    request: Request,
    run_id: UUID,
    query: Annotated[ProbeParameters, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )

    def compute() -> DynamicsView:
        found = read(
            lambda work: read_dynamics(
                work,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                selection=query.selection(),
            )
        )
        return view_dynamics(found)

    return answer_by_version(request, versions, compute)
