"""What a route may ask for, as annotated aliases: the caller by scope, unit of work, queue.

What never waits is `async` and needs no turn of the thread pool; what asks the database is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Security as SecurityParameter
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy import Engine

from app.api.protocol.concurrency_limit import ConcurrencyLimit
from app.api.protocol.event_hub import EventHub
from app.artifacts import ArtifactFolder
from app.domain.access import Caller, Scope
from app.domain.errors import Forbidden, Unauthenticated
from app.queue import RunQueue
from app.services.accounts.authenticate import authenticate
from app.settings import Settings
from app.store.database import UnitOfWork, unit_of_work


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one process has one of; made when the app starts."""

    settings: Settings
    engine: Engine
    #: A small pool of its own, so that probes are answered while callers queue for the other one.
    health_engine: Engine
    queue: RunQueue
    event_hub: EventHub
    #: Checking an upload takes one core for seconds and memory of many times its size.
    upload_limit: ConcurrencyLimit


async def resources_of(request: Request) -> Resources:
    held: Resources = request.app.state.resources
    return held


Held = Annotated[Resources, Depends(resources_of)]


async def _settings(held: Held) -> Settings:
    return held.settings


async def _queue(held: Held) -> RunQueue:
    return held.queue


async def _hub(held: Held) -> EventHub:
    return held.event_hub


async def _artifacts(held: Held) -> ArtifactFolder:
    return ArtifactFolder(root=held.settings.artifact_root)


def _open_work(held: Held) -> Iterator[UnitOfWork]:
    with unit_of_work(held.engine) as work:
        yield work


ApiSettings = Annotated[Settings, Depends(_settings)]
Queue = Annotated[RunQueue, Depends(_queue)]
Artifacts = Annotated[ArtifactFolder, Depends(_artifacts)]
Hub = Annotated[EventHub, Depends(_hub)]
#: Commits before the answer leaves (`scope="function"`): a failed commit is never a success.
Work = Annotated[UnitOfWork, Depends(_open_work, scope="function")]

_bearer = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="gc_…",
    description="An API key of the service, `gc_…`. Its scopes stand beside each operation.",
    auto_error=False,
)


def _sign_in(
    request: Request,
    held: Held,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """In a transaction of its own, so that a route which waits holds no connection meanwhile."""
    if given is None:
        raise Unauthenticated
    # a request is asked for its caller once with scopes and once without
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        with unit_of_work(held.engine) as work:
            caller = authenticate(work, secret=held.settings.secret, key=given.credentials)
        request.state.caller = caller
    return caller


#: Whoever holds a valid key, of any scope.
SignedIn = Annotated[Caller, Depends(_sign_in)]


async def _authorise(needed: SecurityScopes, caller: SignedIn) -> Caller:
    missing = set(needed.scopes) - caller.scopes
    if missing:
        detail = f"This API key lacks the scope {', '.join(sorted(missing))}."
        raise Forbidden(detail)
    return caller


def require(scope: str) -> SecurityParameter:
    """Ask for a caller with this scope, as the aliases below do."""
    return SecurityParameter(_authorise, scopes=[Scope(scope)])


RunsReader = Annotated[Caller, require("runs:read")]
RunsWriter = Annotated[Caller, require("runs:write")]
DatasetsReader = Annotated[Caller, require("datasets:read")]
DatasetsWriter = Annotated[Caller, require("datasets:write")]
Admin = Annotated[Caller, require("admin")]
