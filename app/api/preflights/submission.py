"""What preflights and comparisons share: submit once per key, wait for the end, answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from app.api.protocol.deps import Resources
from app.api.protocol.idempotency import Answer, IdempotentAnswer
from app.api.runs.waiting import wait_for_end
from app.domain.access import Caller
from app.domain.audit import Actor
from app.domain.errors import Overloaded
from app.domain.preflight import MAX_STEPS
from app.store.database import UnitOfWork
from app.store.idempotency import IdempotencyKey
from app.store.preflights import find_preflight

MAX_WAIT_S = 60.0
DEFAULT_WAIT_S = 5.0

MiniSteps = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_STEPS,
        description="Steps to train; with 0 only the initial weights are measured. Default: 100, "
        "or fewer where 100 would take longer than about 3 s.",
    ),
]
WaitSeconds = Annotated[
    float,
    Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False, description="Seconds to wait for the end."),
]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The preflights that a POST made, or that the first POST under the same key made."""

    preflight_ids: Sequence[UUID]
    #: Of the answer, whether it comes before the preflights have ended or after.
    headers: Mapping[str, str]


def submit_once(
    resources: Resources,
    key: IdempotencyKey | None,
    *,
    actor: Actor,
    submit: Callable[[UnitOfWork], Answer],
    ids_in: Callable[[bytes], Sequence[UUID]],
) -> Submission:
    """Commit what `submit` stores, or find what the first request under the key stored.

    `ids_in` reads the ids from the body of the answer. Raises IdempotencyInFlight and
    IdempotencyMismatch.
    """
    idempotent = IdempotentAnswer(engine=resources.engine, actor=actor, request=key)
    answer = idempotent.answer_once(submit)
    return Submission(preflight_ids=ids_in(answer.body), headers=answer.headers)


async def wait_for_preflights(
    resources: Resources, caller: Caller, preflight_ids: Sequence[UUID], *, wait_s: float
) -> None:
    """Return when all have ended or after `wait_s`; at once where too many callers wait already."""
    now = asyncio.get_running_loop().time
    deadline = now() + wait_s
    with suppress(Overloaded):
        for preflight_id in preflight_ids:
            await wait_for_end(
                resources.event_hub,
                caller=caller,
                run_id=preflight_id,
                timeout_s=deadline - now(),
                find=find_preflight,
            )


def show(view: BaseModel, *, has_ended: bool, headers: Mapping[str, str]) -> Response:
    """200 when everything has ended, else 202."""
    return Response(
        view.model_dump_json(),
        status_code=200 if has_ended else 202,
        media_type="application/json",
        headers=dict(headers),
    )
