"""GET /v1/runs/{id}/diagnosis: the findings of a run, also under other thresholds."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.models.diagnosis import DiagnosisView, view_diagnosis
from app.api.protocol.conditional import NOT_MODIFIED, answer_by_version
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.domain.diagnosis.engine import RULES_VERSION
from app.domain.diagnosis.overrides import THRESHOLDS
from app.domain.errors import TelemetryDropped
from app.services.diagnosis.read_diagnosis import read_diagnosis
from app.services.runs.read_versions import read_versions

router = APIRouter(prefix="/v1/runs", tags=["diagnosis"])

#: Each threshold is a query parameter. Its name contains a dot, so it cannot be an argument.
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
    summary="Read the diagnosis, or judge again under other thresholds",
    response_description="The diagnosis: verdict, findings, and what could not be assessed.",
    response_model=DiagnosisView,
    responses={**NOT_MODIFIED, **ALWAYS, **documented(404, TelemetryDropped())},
    openapi_extra={"parameters": _OVERRIDES},
)
def get_diagnosis(request: Request, run_id: UUID, caller: RunsReader, read: Read) -> Response:
    """Findings with evidence and remedies, and the causes that may explain them.

    Each `request.body` of a remedy or an experiment can be posted.

    A running run is judged every few seconds. With thresholds in the query the stored telemetry is
    judged again, without training; the stored diagnosis is unchanged. A run of more than 100,000
    steps is judged by about a hundred windows of 1,024 steps: the first, the last, evenly spread
    ones, and those with the largest values and with steps that are not finite. The counts of steps
    in its findings are of the steps that were read.
    """
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )

    def compute() -> DiagnosisView:
        diagnosis = read_diagnosis(
            read.engine,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            overrides=dict(request.query_params),
        )
        return view_diagnosis(run_id, diagnosis, parent_id=run_id)

    return answer_by_version(request, (RULES_VERSION, *versions), compute)
