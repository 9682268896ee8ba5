"""Comparisons over HTTP: patches of one job spec, tried side by side."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.models.comparison import ComparisonBody, ComparisonView, view_comparison
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
)
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, OptionalKey
from app.api.protocol.problems import queue_headers
from app.api.protocol.root_path import at
from app.api.reference.examples import COMPARISON_EXAMPLES
from app.domain.access import Caller
from app.domain.comparison import MAX_PATCHES
from app.domain.errors import IdempotencyInFlight, IllegalTransition
from app.services.preflights.cancel_comparison import cancel_comparison
from app.services.preflights.read_comparison import read_comparison
from app.services.preflights.submit_comparison import submit_comparison
from app.store.database import UnitOfWork, unit_of_work

router = APIRouter(prefix="/v1", tags=["preflight"], responses=ALWAYS, route_class=JsonRoute)


PreflightIds = Annotated[
    list[UUID],
    Query(
        min_length=1,
        max_length=MAX_PATCHES + 1,
        description="Repeatable. Preflights of the workspace; the first one is the base.",
    ),
]


class _KeptPreflight(BaseModel):
    id: UUID


class _KeptArm(BaseModel):
    preflight: _KeptPreflight


class _KeptComparison(BaseModel):
    """The part of an answer that names its preflights."""

    arms: list[_KeptArm]


@router.post(
    "/preflight/compare",
    response_model=ComparisonView,
    responses={
        202: {
            "model": ComparisonView,
            "description": "Not finished within `wait_s`. `Location` is where to read it.",
        },
        **documented(415, IdempotencyInFlight()),
    },
    operation_id="create_comparison",
    summary="Try patches of a job spec side by side",
    response_description="The preflights have ended; their results side by side.",
)
async def post_comparison(
    body: Annotated[ComparisonBody, Body(openapi_examples=COMPARISON_EXAMPLES)],
    caller: RunsWriter,
    resources: ProcessResources,
    key: OptionalKey,
    actor: RequestActor,
    mini_steps: MiniSteps = None,
    wait_s: WaitSeconds = DEFAULT_WAIT_S,
) -> Response:
    """One preflight per arm, all for the same number of steps. The first arm is the unpatched spec.

    `figures` compares the measurements of each arm with those of the first, including the parts of
    the sum of all Lyapunov exponents. The `pointer` of an error begins with `/patches/<number>` or
    `/spec`.
    """

    def submit() -> Submission:
        return submit_once(
            resources,
            key,
            actor=actor,
            submit=lambda work: _submitted(resources, work, caller, body, mini_steps),
            ids_in=_ids_in,
        )

    submission = await run_in_threadpool(submit)
    await wait_for_preflights(resources, caller, submission.preflight_ids, wait_s=wait_s)
    return await run_in_threadpool(lambda: _present(resources, caller, submission))


@router.get(
    "/preflight/compare",
    response_model=ComparisonView,
    responses={**NOT_MODIFIED, **documented(404)},
    summary="Compare preflights",
    response_description="The preflights side by side, with the results that there are so far.",
)
def get_comparison(
    request: Request, preflight_id: PreflightIds, caller: RunsReader, read: Read
) -> Response:
    comparison = read_comparison(
        read.engine, workspace_id=caller.workspace_id, preflight_ids=preflight_id
    )
    return conditional_json(request, view_comparison(comparison))


@router.delete(
    "/preflight/compare",
    status_code=202,
    responses=documented(404, IllegalTransition("All preflights of the comparison have ended.")),
    operation_id="cancel_comparison",
    summary="Cancel a comparison",
    response_description=(
        "The comparison, whose preflights are cancelled or will be at the next heartbeats."
    ),
)
def delete_comparison(
    preflight_id: PreflightIds,
    caller: RunsWriter,
    resources: ProcessResources,
    actor: RequestActor,
) -> ComparisonView:
    """Cancels all of its preflights that have not ended. 409 when every one has ended."""
    with unit_of_work(resources.engine, actor=actor) as work:
        cancel_comparison(work, workspace_id=caller.workspace_id, preflight_ids=preflight_id)
    return view_comparison(
        read_comparison(
            resources.engine, workspace_id=caller.workspace_id, preflight_ids=preflight_id
        )
    )


def _submitted(
    resources: Resources,
    work: UnitOfWork,
    caller: Caller,
    body: ComparisonBody,
    mini_steps: int | None,
) -> Answer:
    submitted = submit_comparison(
        work,
        queue=resources.queue,
        workspace_id=caller.workspace_id,
        spec=body.spec,
        patches=body.patches,
        mini_steps=mini_steps,
        quotas=resources.settings.quotas,
        time_limits=resources.settings.time_limits,
    )
    view = view_comparison(submitted.comparison)
    headers = {"Location": at(view.links.self), **queue_headers(submitted.room)}
    return Answer(status=202, body=view, headers=headers)


def _ids_in(body: bytes) -> list[UUID]:
    return [arm.preflight.id for arm in _KeptComparison.model_validate_json(body).arms]


def _present(resources: Resources, caller: Caller, submission: Submission) -> Response:
    comparison = read_comparison(
        resources.engine,
        workspace_id=caller.workspace_id,
        preflight_ids=submission.preflight_ids,
    )
    has_ended = comparison.has_ended
    return show(view_comparison(comparison), has_ended=has_ended, headers=submission.headers)
