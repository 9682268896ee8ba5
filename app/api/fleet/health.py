"""Whether the process lives, and whether the service can do its work."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.protocol.deps import Held
from app.api.protocol.problems import documented, problem_response
from app.domain.errors import Problem
from app.services.fleet.check_readiness import check_readiness

router = APIRouter(tags=["service"])


class LivenessView(BaseModel):
    status: Literal["ok"] = "ok"


class ReadinessView(BaseModel):
    """Everything that the service needs is there."""

    status: Literal["ready"] = "ready"
    database: Literal["ok"] = "ok"
    broker: Literal["ok"] = "ok"
    workers: int


@router.get("/healthz", summary="Is the process alive?")
async def get_liveness() -> LivenessView:
    """Answers without touching database or broker."""
    return LivenessView()


@router.get(
    "/readyz",
    response_model=ReadinessView,
    responses=documented(503),
    summary="Can runs be taken and trained?",
)
def get_readiness(request: Request, held: Held) -> Response | ReadinessView:
    """200 when database, broker and a worker are there; else 503, what is missing in `errors`."""
    readiness = check_readiness(held.health_engine, held.queue)
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
