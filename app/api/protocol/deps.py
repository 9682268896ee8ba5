"""Dependencies of routes, as annotated aliases: the caller by scope, the unit of work, the queue.

Dependencies that never wait are `async`, so that they take no thread. Those that use the database
are not: FastAPI calls them in a thread.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from anyio import CapacityLimiter
from fastapi import Depends, Request
from fastapi.params import Security as SecurityParameter
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from app.api.protocol.browser import check_same_origin, session_token
from app.api.protocol.concurrency_limit import ConcurrencyLimit
from app.api.protocol.event_hub import Credential, EventHub
from app.api.protocol.shared_answers import SharedAnswers, accepted_age_s
from app.artifacts import ArtifactFolder, FolderWatch
from app.domain.access import Caller, Scope
from app.domain.audit import Actor
from app.domain.errors import Forbidden, Unauthenticated
from app.domain.tokens import digest_of
from app.pictures.studio import Studio
from app.queue import RunQueue
from app.services.accounts.authenticate import authenticate
from app.services.accounts.browser_sessions import caller_of_session
from app.services.telemetry.sparklines import SparklineCache
from app.settings import Settings
from app.store.database import UnitOfWork, unit_of_work
from app.upload_checks.checks import UploadChecks

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What exists once per process; made when the app starts."""

    settings: Settings
    engine: Engine
    #: A small pool, so that health checks are answered while requests wait for the other pool.
    health_engine: Engine
    queue: RunQueue
    artifact_watch: FolderWatch
    event_hub: EventHub
    #: Uploads under way, from before their body is received until they are answered.
    upload_places: ConcurrencyLimit
    #: Each dry run with an upload may hold its rows, about 100 MiB.
    dry_run_places: ConcurrencyLimit
    upload_threads: CapacityLimiter
    upload_checks: UploadChecks
    studio: Studio
    sparklines: SparklineCache
    shared_answers: SharedAnswers


async def resources_of(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


ProcessResources = Annotated[Resources, Depends(resources_of)]


async def _settings(resources: ProcessResources) -> Settings:
    return resources.settings


async def _queue(resources: ProcessResources) -> RunQueue:
    return resources.queue


async def _hub(resources: ProcessResources) -> EventHub:
    return resources.event_hub


async def _artifacts(resources: ProcessResources) -> ArtifactFolder:
    return ArtifactFolder(root=resources.settings.artifact_root)


@dataclass(frozen=True)
class Reader:
    """Reads from the database in a transaction that ends before the answer is made."""

    engine: Engine

    def __call__(self, read: Callable[[UnitOfWork], T]) -> T:
        """Returns what `read` returns. All its statements see the database at one time."""
        with unit_of_work(self.engine, snapshot=True) as work:
            return read(work)


async def _reader(resources: ProcessResources) -> Reader:
    return Reader(resources.engine)


async def _artifact_watch(resources: ProcessResources) -> FolderWatch:
    return resources.artifact_watch


ApiSettings = Annotated[Settings, Depends(_settings)]
Queue = Annotated[RunQueue, Depends(_queue)]
ArtifactWatch = Annotated[FolderWatch, Depends(_artifact_watch)]
Artifacts = Annotated[ArtifactFolder, Depends(_artifacts)]
Hub = Annotated[EventHub, Depends(_hub)]
#: For routes that only read. Making an answer may take long, and no transaction is open meanwhile.
Read = Annotated[Reader, Depends(_reader)]
_bearer = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="gc_…",
    description="An API key, `gc_…`. Each operation names the scopes that it needs.",
    auto_error=False,
)


async def sign_in(request: Request) -> Caller:
    """The caller by the API key in the headers, or by the session of a browser.

    The first call for a request asks the database, in a transaction of its own, so that a route
    that waits holds no connection. Raises Unauthenticated, and Forbidden for a page of another
    origin.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        given, token = await _bearer(request), session_token(request)
        resources = await resources_of(request)
        if token is not None:
            check_same_origin(request)
        text = given.credentials if given is not None else token
        if text is None:
            raise Unauthenticated
        digest = digest_of(text, secret=resources.settings.secret)
        # a viewer whose stream was checked a moment ago is not checked again for a shared answer
        caller = resources.event_hub.known(digest) if accepted_age_s(request) else None
        if caller is None:
            find = _of_session if given is None else _authenticated
            caller = await run_in_threadpool(find, resources, text)
        request.state.caller = caller
        request.state.credential = Credential(digest=digest, is_session=given is None)
    return caller


def _authenticated(resources: Resources, key: str) -> Caller:
    with unit_of_work(resources.engine) as work:
        return authenticate(work, secret=resources.settings.secret, key=key)


def _of_session(resources: Resources, token: str) -> Caller:
    with unit_of_work(resources.engine) as work:
        return caller_of_session(work, secret=resources.settings.secret, token=token)


async def _caller(
    request: Request,
    _given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """`_given` is what makes FastAPI publish that the operation needs a key."""
    return await sign_in(request)


#: The holder of any valid key.
SignedIn = Annotated[Caller, Depends(_caller)]


async def _actor(request: Request, caller: SignedIn) -> Actor:
    return Actor(
        principal=f"key:{caller.key_id}",
        key_id=caller.key_id,
        address=request.client.host if request.client else None,
        request_id=request.state.request_id,
    )


#: The caller as the audit log names it.
RequestActor = Annotated[Actor, Depends(_actor)]


def _open_work(resources: ProcessResources, actor: RequestActor) -> Iterator[UnitOfWork]:
    with unit_of_work(resources.engine, actor=actor) as work:
        yield work


#: Commits before the answer leaves (`scope="function"`): a failed commit is never a success.
Work = Annotated[UnitOfWork, Depends(_open_work, scope="function")]


async def _authorise(needed: SecurityScopes, caller: SignedIn) -> Caller:
    missing = set(needed.scopes) - caller.scopes
    if missing:
        detail = f"This API key lacks the scope {', '.join(sorted(missing))}."
        raise Forbidden(detail)
    return caller


def require(scope: str) -> SecurityParameter:
    """A dependency: the caller, who must have this scope. Answers 403 otherwise."""
    return SecurityParameter(_authorise, scopes=[Scope(scope)])


RunsReader = Annotated[Caller, require("runs:read")]
RunsWriter = Annotated[Caller, require("runs:write")]
DatasetsReader = Annotated[Caller, require("datasets:read")]
DatasetsWriter = Annotated[Caller, require("datasets:write")]
Admin = Annotated[Caller, require("admin")]
