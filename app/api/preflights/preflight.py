"""Preflights over HTTP: what the first steps of a run say, before the run is submitted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.models.preflight import PreflightView, view_preflight
from app.api.preflights.submission import (
    DEFAULT_WAIT_S,
    MiniSteps,
    Submission,
    WaitSeconds,
    show,
    submit_once,
    wait_for_preflights,
)
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import (
    ProcessResources,
    RequestActor,
    Resources,
    RunsReader,
    RunsWriter,
    Work,
)
from app.api.protocol.idempotency import Answer, OptionalKey
from app.api.protocol.problems import ALWAYS, documented, queue_headers
from app.api.reference.examples import RUN_EXAMPLES
from app.domain.access import Caller
from app.domain.specs.job import JobSpec
from app.services.preflights.read_preflight import read_preflight
from app.services.preflights.submit_preflight import submit_preflight
from app.store.database import UnitOfWork, unit_of_work

router = APIRouter(prefix="/v1", tags=["preflight"], responses=ALWAYS, route_class=JsonRoute)


class _KeptPreflight(BaseModel):
    """The part of an answer that names its preflight."""

    id: UUID


@router.post(
    "/preflight",
    response_model=PreflightView,
    responses={
        202: {
            "model": PreflightView,
            "description": "Not finished within `wait_s`. `Location` is where to read it.",
        },
        **documented(409, 415),
    },
    summary="Try a job spec before it is run",
)
async def post_preflight(
    spec: Annotated[JobSpec, Body(openapi_examples=RUN_EXAMPLES)],
    caller: RunsWriter,
    resources: ProcessResources,
    key: OptionalKey,
    actor: RequestActor,
    mini_steps: MiniSteps = None,
    wait_s: WaitSeconds = DEFAULT_WAIT_S,
) -> Response:
    """A worker builds data and model, probes the model, trains a few steps and probes it again.

    On a CPU the probes use all cores for about a second, which changes no result. A preflight is
    not listed among the runs. The same bodies are refused as by `POST /v1/runs`.
    """

    def submit() -> Submission:
        return submit_once(
            resources,
            key,
            actor=actor,
            submit=lambda work: _submitted(resources, work, caller, spec, mini_steps),
            ids_in=lambda body: [_KeptPreflight.model_validate_json(body).id],
        )

    submission = await run_in_threadpool(submit)
    await wait_for_preflights(resources, caller, submission.preflight_ids, wait_s=wait_s)
    return await run_in_threadpool(lambda: _present(resources, caller, submission))


@router.get(
    "/preflights/{preflight_id}",
    response_model=PreflightView,
    responses={**NOT_MODIFIED, **documented(404)},
    summary="Read a preflight",
)
def get_preflight(request: Request, preflight_id: UUID, caller: RunsReader, work: Work) -> Response:
    """Its results are null until it has succeeded. It is kept for 24 hours after its end."""
    preflight = read_preflight(work, workspace_id=caller.workspace_id, preflight_id=preflight_id)
    return conditional_json(request, view_preflight(preflight))


def _submitted(
    resources: Resources, work: UnitOfWork, caller: Caller, spec: JobSpec, mini_steps: int | None
) -> Answer:
    submitted = submit_preflight(
        work,
        queue=resources.queue,
        workspace_id=caller.workspace_id,
        spec=spec,
        mini_steps=mini_steps,
        quotas=resources.settings.quotas,
    )
    view = view_preflight(submitted.preflight)
    headers = {"Location": view.links.self, **queue_headers(submitted.room)}
    return Answer(status=202, body=view, headers=headers)


def _present(resources: Resources, caller: Caller, submission: Submission) -> Response:
    with unit_of_work(resources.engine) as work:
        preflight = read_preflight(
            work, workspace_id=caller.workspace_id, preflight_id=submission.preflight_ids[0]
        )
    has_ended = preflight.run.status.has_ended
    return show(view_preflight(preflight), has_ended=has_ended, headers=submission.headers)
