"""GET /v1/runs/{id}/diagnosis: what was found, or would be under other thresholds."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.models.diagnosis import DiagnosisView, view_diagnosis
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import RunsReader, Work
from app.api.protocol.problems import ALWAYS, documented
from app.domain.diagnosis.overrides import THRESHOLDS
from app.services.diagnosis.read_diagnosis import read_diagnosis

router = APIRouter(prefix="/v1/runs", tags=["telemetry"])

#: Thresholds are query parameters by their own names, which no Python argument can have.
_OVERRIDES: list[dict[str, JsonValue]] = [
    {
        "in": "query",
        "name": name,
        "required": False,
        "schema": {
            "type": "integer" if threshold.is_count else "number",
            "minimum": threshold.low,
            "maximum": threshold.high,
        },
        "description": f"Default {threshold.default:g}.",
    }
    for name, threshold in THRESHOLDS.items()
]


@router.get(
    "/{run_id}/diagnosis",
    summary="Read what was found, or judge again under other thresholds",
    response_model=DiagnosisView,
    responses={**NOT_MODIFIED, **ALWAYS, **documented(404, 409)},
    openapi_extra={"parameters": _OVERRIDES},
)
def get_diagnosis(request: Request, run_id: UUID, caller: RunsReader, work: Work) -> Response:
    """Findings with evidence, cause and remedies; each remedy's `request.body` posts unchanged.

    While the run goes on it is judged every few seconds. Thresholds in the query judge the stored
    telemetry again, without training and without changing what is stored.
    """
    diagnosis = read_diagnosis(
        work,
        workspace_id=caller.workspace_id,
        run_id=run_id,
        overrides=dict(request.query_params),
    )
    return conditional_json(request, view_diagnosis(run_id, diagnosis))
