"""Routes for liveness of the process and readiness of the service."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from app.api.protocol.deps import ArtifactWatch, ProcessResources
from app.api.protocol.documented import problem_answer
from app.api.protocol.problems import problem_response
from app.domain.errors import Problem
from app.services.fleet.check_readiness import check_readiness

router = APIRouter(tags=["service"])


class LivenessView(BaseModel):
    """The process answers."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["ok"] = "ok"
    """Always `ok`."""


class ReadinessView(BaseModel):
    """The database, the broker and at least one worker answer, and files can be written."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["ready"] = "ready"
    """Always `ready`; otherwise the answer is a 503."""
    database: Literal["ok"] = "ok"
    """Always `ok`."""
    broker: Literal["ok"] = "ok"
    """Always `ok`."""
    artifacts: Literal["ok"] = "ok"
    """Always `ok`: files of runs can be written."""
    workers: int
    """Workers with a recent heartbeat."""


@router.get(
    "/healthz",
    operation_id="check_liveness",
    summary="Check liveness",
    response_description="The process answers.",
)
async def get_liveness() -> LivenessView:
    """Answers without using the database or the broker."""
    return LivenessView()


@router.get(
    "/readyz",
    response_model=ReadinessView,
    responses=problem_answer(
        HTTPStatus.SERVICE_UNAVAILABLE, "Not ready. `errors` names each part that is missing."
    ),
    operation_id="check_readiness",
    summary="Check readiness",
    response_description="Runs can be submitted and trained.",
)
def get_readiness(
    request: Request, resources: ProcessResources, artifacts: ArtifactWatch
) -> Response | ReadinessView:
    """200 where database, broker and worker answer and the artifact folder takes files.

    Otherwise 503 with the reasons in `errors`.
    """
    readiness = check_readiness(resources.health_engine, resources.queue, artifacts)
    if not readiness.missing:
        return ReadinessView(workers=readiness.num_workers)
    problems = [
        Problem(pointer=part, detail=detail, code="missing")
        for part, detail in readiness.missing.items()
    ]
    return problem_response(
        request.scope,
        HTTPStatus.SERVICE_UNAVAILABLE,
        code="not_ready",
        detail=f"Not ready: {', '.join(readiness.missing.values())}.",
        problems=problems,
    )
