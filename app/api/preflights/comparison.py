"""Comparisons over HTTP: patches of a job spec, tried side by side before anybody runs one."""

import asyncio
from contextlib import suppress
from typing import Annotated
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.models.comparison import ComparisonBody, ComparisonView, view_comparison
from app.api.preflights.preflight import (
    DEFAULT_WAIT_S,
    KEPT_HEADERS,
    LOCATION,
    MiniSteps,
    WaitSeconds,
)
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Held, Resources, RunsReader, RunsWriter, Work
from app.api.protocol.idempotency import Answer, OneTime, Repeatable
from app.api.protocol.problems import ALWAYS, documented, queue_headers
from app.api.reference.examples import COMPARISON_EXAMPLES
from app.api.runs.waiting import wait_for_end
from app.domain.access import Caller
from app.domain.comparison import MAX_PATCHES
from app.domain.errors import Overloaded
from app.services.preflights.read_comparison import read_comparison
from app.services.preflights.submit_comparison import SubmittedComparison, submit_comparison
from app.store.database import unit_of_work
from app.store.idempotency import IdempotencyKey
from app.store.preflights import find_preflight

router = APIRouter(prefix="/v1", tags=["preflight"], responses=ALWAYS)


@router.post(
    "/preflight/compare",
    response_model=ComparisonView,
    responses={
        202: {
            "model": ComparisonView,
            "description": "Not done within `wait_s`; `Location` says where to look.",
        },
        **documented(409, 415),
    },
    summary="Try patches of a job spec side by side",
)
async def post_comparison(
    asked: Annotated[ComparisonBody, Body(openapi_examples=COMPARISON_EXAMPLES)],
    caller: RunsWriter,
    held: Held,
    key: Repeatable,
    mini_steps: MiniSteps = None,
    wait_s: WaitSeconds = DEFAULT_WAIT_S,
) -> Response:
    """A preflight an arm, the unpatched spec first, all for the same number of steps.

    What the difference changes is told in figures, down to what the sum of all Lyapunov exponents
    is made of. The `pointer` of an error begins with `/patches/<number>` or `/spec`.
    """

    def submit() -> Response:
        return _submitted(held, caller, key, asked, mini_steps)

    # committed before anybody waits for it
    first = await run_in_threadpool(submit)
    preflight_ids = _ids_in(first.headers[LOCATION])
    deadline = asyncio.get_running_loop().time() + wait_s
    # with too many waiting already it is looked at once
    with suppress(Overloaded):
        for preflight_id in preflight_ids:
            await wait_for_end(
                held.event_hub,
                workspace_id=caller.workspace_id,
                run_id=preflight_id,
                timeout_s=deadline - asyncio.get_running_loop().time(),
                find=find_preflight,
            )
    kept = {name: first.headers[name] for name in KEPT_HEADERS if name in first.headers}
    return await run_in_threadpool(lambda: _present(held, caller, preflight_ids, kept))


@router.get(
    "/preflight/compare",
    response_model=ComparisonView,
    responses={**NOT_MODIFIED, **documented(404)},
    summary="Look at preflights side by side",
)
def get_comparison(
    request: Request,
    preflight_id: Annotated[
        list[UUID],
        Query(
            min_length=1,
            max_length=MAX_PATCHES + 1,
            description="Repeatable: any preflights of the workspace; the first is the base.",
        ),
    ],
    caller: RunsReader,
    work: Work,
) -> Response:
    comparison = read_comparison(work, workspace_id=caller.workspace_id, preflight_ids=preflight_id)
    return conditional_json(request, view_comparison(comparison))


def _submitted(
    held: Resources,
    caller: Caller,
    key: IdempotencyKey | None,
    asked: ComparisonBody,
    mini_steps: int | None,
) -> Response:
    """Sent again under the same key, they are the same preflights."""
    with unit_of_work(held.engine) as work:
        return OneTime(work=work, request=key).answer(
            lambda: _accepted(
                submit_comparison(
                    work,
                    queue=held.queue,
                    workspace_id=caller.workspace_id,
                    spec=asked.spec,
                    patches=asked.patches,
                    mini_steps=mini_steps,
                    quotas=held.settings.quotas,
                )
            )
        )


def _accepted(submitted: SubmittedComparison) -> Answer:
    view = view_comparison(submitted.comparison)
    headers = {LOCATION: view.links.self, **queue_headers(submitted.room)}
    return Answer(status=202, body=view, headers=headers)


def _ids_in(location: str) -> list[UUID]:
    return [UUID(one) for one in parse_qs(urlsplit(location).query)["preflight_id"]]


def _present(
    held: Resources, caller: Caller, preflight_ids: list[UUID], headers: dict[str, str]
) -> Response:
    """As they are by now."""
    with unit_of_work(held.engine) as work:
        comparison = read_comparison(
            work, workspace_id=caller.workspace_id, preflight_ids=preflight_ids
        )
    return Response(
        view_comparison(comparison).model_dump_json(),
        status_code=200 if comparison.has_ended else 202,
        media_type="application/json",
        headers=headers,
    )
