"""GET /v1/runs/{id}/dynamics: what the probes say of the recurrence itself."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.dynamics import DynamicsView, view_dynamics
from app.api.models.telemetry_query import ProbeParameters
from app.api.protocol.conditional import conditional_json
from app.api.protocol.deps import RunsReader, Work
from app.api.protocol.problems import ALWAYS, documented
from app.domain.dynamics import DYNAMICS
from app.services.telemetry.read_dynamics import read_dynamics

router = APIRouter(prefix="/v1/runs", tags=["telemetry"])

_DESCRIPTION = "\n".join(
    [
        "Scalars of the probes, one series a quantity and scope; what could not be measured stands",
        "in `not_assessed` with its reason.",
        "",
        *(f"- `{one.name}` ({one.unit}): {one.formula} ({one.source})" for one in DYNAMICS),
    ]
)


@router.get(
    "/{run_id}/dynamics",
    summary="Read how the recurrence moves its state",
    description=_DESCRIPTION,
    response_model=DynamicsView,
    responses={304: {"description": "Not modified"}, **ALWAYS, **documented(404)},
)
def get_dynamics(
    request: Request,
    run_id: UUID,
    asked: Annotated[ProbeParameters, Query()],
    caller: RunsReader,
    work: Work,
) -> Response:
    dynamics = read_dynamics(
        work,
        workspace_id=caller.workspace_id,
        run_id=run_id,
        selection=asked.selection(),
    )
    return conditional_json(request, view_dynamics(dynamics))
