"""Preflights over HTTP: what the first steps of a run say, before the run is submitted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.models.preflight import (
    PreflightPage,
    PreflightView,
    view_entry,
    view_preflight,
)
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
    Read,
    RequestActor,
    Resources,
    RunsReader,
    RunsWriter,
    Work,
)
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, OptionalKey
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, Limit, next_page, read_cursor
from app.api.protocol.problems import queue_headers
from app.api.protocol.root_path import at
from app.api.reference.examples import RUN_EXAMPLES
from app.domain.access import Caller
from app.domain.errors import IdempotencyInFlight, IllegalTransition
from app.domain.runs import RunStatus
from app.domain.specs.job import JobSpec
from app.services.preflights.cancel_preflight import cancel_preflight
from app.services.preflights.list_preflights import list_preflights
from app.services.preflights.read_preflight import read_preflight
from app.services.preflights.submit_preflight import submit_preflight
from app.store.database import UnitOfWork

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
        **documented(415, IdempotencyInFlight()),
    },
    operation_id="create_preflight",
    summary="Try a job spec before it is run",
    response_description="The preflight has ended; its results.",
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

    On a CPU the probes use all cores for about a second, which changes no result. The same bodies
    are refused as by `POST /v1/runs`. A preflight is not listed among the runs, counts against the
    quota `max_preflights`, and is stopped after a time limit of the installation, by default 300 s.
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
    "/preflights",
    response_model=PreflightPage,
    responses=NOT_MODIFIED,
    operation_id="list_preflights",
    summary="List preflights",
    response_description="A page of preflights without their results.",
)
def get_preflights(
    request: Request,
    caller: RunsReader,
    read: Read,
    status: Annotated[
        list[RunStatus],
        Query(max_length=len(RunStatus), description="Repeatable: any of these statuses."),
    ] = [],  # noqa: B006 - FastAPI copies it
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Newest first, without results. The arms of comparisons are listed too."""
    found = read(
        lambda work: list_preflights(
            work,
            workspace_id=caller.workspace_id,
            statuses=status,
            limit=limit,
            after=read_cursor(cursor),
        )
    )
    items = [view_entry(one.run, waiting_for=one.waiting_for) for one in found.items]
    page = PreflightPage(items=items, next=next_page(request, found.last))
    return conditional_json(request, page)


@router.get(
    "/preflights/{preflight_id}",
    response_model=PreflightView,
    responses={**NOT_MODIFIED, **documented(404)},
    summary="Read a preflight",
    response_description="The preflight, with its results once it has succeeded.",
)
def get_preflight(request: Request, preflight_id: UUID, caller: RunsReader, read: Read) -> Response:
    """Its results are null until it has succeeded. It is kept for 24 hours after its end."""
    preflight = read_preflight(
        read.engine, workspace_id=caller.workspace_id, preflight_id=preflight_id
    )
    return conditional_json(request, view_preflight(preflight))


@router.delete(
    "/preflights/{preflight_id}",
    status_code=202,
    responses=documented(404, IllegalTransition("The preflight has ended.")),
    operation_id="cancel_preflight",
    summary="Cancel a preflight",
    response_description=(
        "The preflight, which is cancelled or will be at its worker's next heartbeat."
    ),
)
def delete_preflight(preflight_id: UUID, caller: RunsWriter, work: Work) -> PreflightView:
    """A queued one is cancelled at once, a running one at its worker's next heartbeat.

    It can be read for 24 more hours. 409 when it has ended.
    """
    preflight = cancel_preflight(work, workspace_id=caller.workspace_id, preflight_id=preflight_id)
    return view_preflight(preflight)


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
        time_limits=resources.settings.time_limits,
    )
    view = view_preflight(submitted.preflight)
    headers = {"Location": at(view.links.self), **queue_headers(submitted.room)}
    return Answer(status=202, body=view, headers=headers)


def _present(resources: Resources, caller: Caller, submission: Submission) -> Response:
    preflight = read_preflight(
        resources.engine,
        workspace_id=caller.workspace_id,
        preflight_id=submission.preflight_ids[0],
    )
    has_ended = preflight.run.status.has_ended
    return show(view_preflight(preflight), has_ended=has_ended, headers=submission.headers)
