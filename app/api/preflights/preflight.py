"""Preflights over HTTP: what the first steps of a run would say, before anybody orders it."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.models.preflight import PreflightView, view_preflight
from app.api.protocol.conditional import conditional_json
from app.api.protocol.deps import Held, Resources, RunsReader, RunsWriter, Work
from app.api.protocol.idempotency import REPLAYED, Answer, OneTime, Repeatable
from app.api.protocol.problems import ALWAYS, documented, queue_headers
from app.api.reference.examples import RUN_EXAMPLES
from app.api.runs.waiting import wait_for_end
from app.domain.access import Caller
from app.domain.errors import Overloaded
from app.domain.preflight import MAX_STEPS
from app.domain.specs.job import JobSpec
from app.services.preflights.read_preflight import read_preflight
from app.services.preflights.submit_preflight import SubmittedPreflight, submit_preflight
from app.store.database import unit_of_work
from app.store.idempotency import IdempotencyKey
from app.store.preflights import find_preflight

router = APIRouter(prefix="/v1", tags=["preflight"], responses=ALWAYS)

MAX_WAIT_S = 60.0
DEFAULT_WAIT_S = 5.0
LOCATION = "Location"

MiniSteps = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_STEPS,
        description="Steps to take; 0 looks at the initial weights alone. Default: 100, or "
        "fewer where they would take longer than about 3 s.",
    ),
]
WaitSeconds = Annotated[
    float,
    Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False, description="How long to wait for it."),
]


@router.post(
    "/preflight",
    response_model=PreflightView,
    responses={
        202: {
            "model": PreflightView,
            "description": "Not done within `wait_s`; `Location` says where to look.",
        },
        **documented(409, 415),
    },
    summary="Try a job spec before it is run",
)
async def post_preflight(
    spec: Annotated[JobSpec, Body(openapi_examples=RUN_EXAMPLES)],
    caller: RunsWriter,
    held: Held,
    key: Repeatable,
    mini_steps: MiniSteps = None,
    wait_s: WaitSeconds = DEFAULT_WAIT_S,
) -> Response:
    """A worker builds data and model, probes them, trains a few steps and probes again.

    On a CPU its probes take all cores for about a second, which changes no figure.

    Nothing is left of it among the runs. Refuses what `POST /v1/runs` refuses.
    """

    def submit() -> Response:
        return _submitted(held, caller, key, spec, mini_steps)

    # committed before anybody waits for it
    first = await run_in_threadpool(submit)
    preflight_id = UUID(first.headers[LOCATION].rpartition("/")[2])
    # with too many waiting already it is looked at once
    with suppress(Overloaded):
        await wait_for_end(
            held.event_hub,
            workspace_id=caller.workspace_id,
            run_id=preflight_id,
            timeout_s=wait_s,
            find=find_preflight,
        )
    kept = {name: first.headers[name] for name in KEPT_HEADERS if name in first.headers}
    return await run_in_threadpool(lambda: _present(held, caller, preflight_id, kept))


@router.get(
    "/preflights/{preflight_id}",
    response_model=PreflightView,
    responses={304: {"description": "As the ETag in `If-None-Match` says."}, **documented(404)},
    summary="Look at a preflight",
)
def get_preflight(request: Request, preflight_id: UUID, caller: RunsReader, work: Work) -> Response:
    """Its parts are null until it has succeeded; it is kept for 24 hours after its end."""
    preflight = read_preflight(work, workspace_id=caller.workspace_id, preflight_id=preflight_id)
    return conditional_json(request, view_preflight(preflight))


#: Headers of the first answer that the final one has too.
KEPT_HEADERS = (LOCATION, REPLAYED, "RateLimit", "RateLimit-Policy")


def _submitted(
    held: Resources,
    caller: Caller,
    key: IdempotencyKey | None,
    spec: JobSpec,
    mini_steps: int | None,
) -> Response:
    """Sent again under the same key, it is the same preflight."""
    with unit_of_work(held.engine) as work:
        return OneTime(work=work, request=key).answer(
            lambda: _accepted(
                submit_preflight(
                    work,
                    queue=held.queue,
                    workspace_id=caller.workspace_id,
                    spec=spec,
                    mini_steps=mini_steps,
                    quotas=held.settings.quotas,
                )
            )
        )


def _accepted(submitted: SubmittedPreflight) -> Answer:
    view = view_preflight(submitted.preflight)
    headers = {LOCATION: view.links.self, **queue_headers(submitted.room)}
    return Answer(status=202, body=view, headers=headers)


def _present(
    held: Resources, caller: Caller, preflight_id: UUID, headers: dict[str, str]
) -> Response:
    """As it is by now."""
    with unit_of_work(held.engine) as work:
        preflight = read_preflight(
            work, workspace_id=caller.workspace_id, preflight_id=preflight_id
        )
    return Response(
        view_preflight(preflight).model_dump_json(),
        status_code=200 if preflight.run.status.has_ended else 202,
        media_type="application/json",
        headers=headers,
    )
