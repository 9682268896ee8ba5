"""Waits for the end of a run or a prediction.

A waiting request holds no thread and no database connection.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.api.protocol.event_hub import EventHub, is_set_within
from app.domain.access import Caller
from app.domain.runs import RunStatus
from app.services.accounts.check_key import check_key
from app.store.database import unit_of_work
from app.store.runs import find_run


class Ending(Protocol):
    """A run, or what ends as a run does."""

    @property
    def status(self) -> RunStatus: ...


async def wait_for_end(
    hub: EventHub,
    *,
    caller: Caller,
    run_id: UUID,
    timeout_s: float,
    find: Callable[[Session, UUID, UUID], Ending] = find_run,
) -> None:
    """Returns when the run has ended, after `timeout_s`, or when the process shuts down.

    Raises NotFound when there is no such run, also when it is deleted meanwhile, Unauthenticated
    when the caller's key is revoked meanwhile, WorkspaceSuspended, and Overloaded when too many
    callers wait.
    """

    def has_ended() -> bool:
        with unit_of_work(hub.engine) as work:
            check_key(work, caller)
            return find(work.session, caller.workspace_id, run_id).status.has_ended

    clock = asyncio.get_running_loop().time
    deadline_s = clock() + timeout_s
    async with hub.subscribe(run_id, caller=caller) as changed:
        while not hub.is_closing:
            changed.clear()
            if await run_in_threadpool(has_ended):
                return
            if not await is_set_within(changed, deadline_s - clock()):
                return
