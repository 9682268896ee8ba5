"""Builds the API: routes, middleware, and the resources of one process, from its settings."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import __version__
from app.api import artifacts, catalog, diagnosis, predictions
from app.api.accounts import audit, keys, workspaces
from app.api.data import datasets
from app.api.fleet import health, metrics, storage, workers
from app.api.operators import admin
from app.api.preflights import comparison, preflight
from app.api.protocol.access_log import AccessLog, LoggedRequests
from app.api.protocol.compression import Compression
from app.api.protocol.concurrency_limit import ConcurrencyLimit
from app.api.protocol.deps import Resources
from app.api.protocol.envelope import Envelope, UnexpectedErrors
from app.api.protocol.event_hub import EventHub, closing_at_shutdown
from app.api.protocol.limits import Limits
from app.api.protocol.problems import install_problem_handlers
from app.api.protocol.queries import refuse_unknown_query
from app.api.protocol.root_path import RootPath
from app.api.protocol.shared_answers import SharedAnswers
from app.api.protocol.unread_bodies import UnreadBodies
from app.api.reference import docs
from app.api.reference.document import name_of_function
from app.api.runs import compare, continuation, runs
from app.api.telemetry import dynamics, events, gradient_flow, heat_map, history, plots
from app.api.trials import trials
from app.artifacts import ArtifactFolder, FolderWatch
from app.dashboard import (
    assets,
    compare_page,
    data_pages,
    embed,
    fleet_page,
    new_run,
    report,
    run_list,
    run_page,
    settings_page,
    sign_in,
)
from app.domain.errors import Unavailable
from app.embedded.home import make_home
from app.pictures.studio import Studio
from app.queue import RunQueue
from app.services.accounts.check_secret import check_secret
from app.services.telemetry.sparklines import SparklineCache
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.upload_checks.checks import UploadChecks

#: Uploads under way in one process, and of one workspace. Each may fill a file of the largest size.
MAX_UPLOADS = 64
MAX_UPLOADS_EACH = 8
#: Seconds for connecting to the database; later it counts as unreachable, and callers get a 503.
GREETING_S = 1.5
#: Seconds for one statement of a request; later the database counts as unreachable.
ANSWER_S = 20.0
_ROUTERS = (
    runs.router,
    continuation.router,
    compare.router,
    comparison.router,  # /preflight/compare before /preflights/{id}
    preflight.router,
    history.router,
    gradient_flow.router,
    heat_map.router,
    dynamics.router,
    plots.router,
    report.router,
    diagnosis.router,
    trials.router,
    events.router,
    artifacts.router,
    predictions.router,
    datasets.router,
    catalog.router,
    workers.router,
    storage.router,
    keys.router,
    workspaces.router,
    audit.router,
    admin.router,
    health.router,
    metrics.router,
    docs.router,
    assets.router,
    sign_in.router,
    run_list.router,
    new_run.router,  # /runs/new before /runs/{id}
    run_page.router,
    embed.router,
    compare_page.router,
    data_pages.router,
    fleet_page.router,
    settings_page.router,
)
#: Response headers that scripts of other origins may read.
_EXPOSED = [
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Repr-Digest",
    "Retry-After",
    "X-Request-ID",
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app under these settings; by default they are read from the environment."""
    known = settings or Settings.read(os.environ)
    access_log = AccessLog(known.home / "logs" / "access.jsonl", is_on=known.access_log)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        resources = _open_resources(known)
        try:
            _check_secret(resources)
            app.state.resources = resources
            with closing_at_shutdown(resources.event_hub), access_log.open():
                yield
        finally:
            resources.upload_checks.close()
            resources.studio.close()
            resources.engine.dispose()
            resources.health_engine.dispose()

    app = FastAPI(
        title="Gradient Clinic",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=name_of_function,
        docs_url=None,
        openapi_url=None,  # rendered once, by app.api.reference.docs
        redoc_url=None,
        redirect_slashes=False,  # clients do not repeat a POST after a redirect: they get a 404
    )
    for router in _ROUTERS:
        app.include_router(router, dependencies=[Depends(refuse_unknown_query)])
    install_problem_handlers(app)
    docs.install_openapi(app)
    _add_middleware(app, known, access_log)
    return app


def _open_resources(settings: Settings) -> Resources:
    make_home(settings.home)  # uploads are received into files there
    timeout_s = settings.database_pool_timeout_s
    artifacts = ArtifactFolder(root=settings.artifact_root)
    artifacts.make()
    engine = make_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        pool_timeout_s=timeout_s,
        greeting_s=GREETING_S,
        answer_s=ANSWER_S,
        stalled_after_s=settings.stalled_after_s,
    )
    return Resources(
        settings=settings,
        engine=engine,
        health_engine=make_engine(
            settings.database_url, pool_size=2, pool_timeout_s=timeout_s, greeting_s=GREETING_S
        ),
        queue=RunQueue(settings.broker_url),
        artifact_watch=FolderWatch(artifacts),
        event_hub=EventHub(engine, most_per_key=settings.streams_per_key),
        dry_run_places=ConcurrencyLimit(
            most=4, most_each=2, of_what="dry runs with uploads are checked"
        ),
        upload_places=ConcurrencyLimit(
            most=MAX_UPLOADS, most_each=MAX_UPLOADS_EACH, of_what="uploads are under way"
        ),
        upload_threads=CapacityLimiter(MAX_UPLOADS),
        upload_checks=UploadChecks(),
        studio=Studio(),
        sparklines=SparklineCache(),
        shared_answers=SharedAnswers(),
    )


def _check_secret(resources: Resources) -> None:
    """Refuse to start with another secret than the keys were made with.

    Where the database is unreachable the API starts unchecked; the next start checks again.
    """
    with suppress(Unavailable), unit_of_work(resources.health_engine) as work:
        check_secret(work, secret=resources.settings.secret)


def _add_middleware(app: FastAPI, settings: Settings, access_log: AccessLog) -> None:
    """Added from the innermost to the outermost."""
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(Limits, settings=settings)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
            expose_headers=_EXPOSED,
            max_age=600,
        )
    app.add_middleware(Compression)
    app.add_middleware(UnreadBodies)
    app.add_middleware(LoggedRequests, log=access_log)
    app.add_middleware(Envelope)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    # outermost, since it asks who the peer is before the headers name another client
    app.add_middleware(
        RootPath, root_path=settings.root_path, trusted_proxies=settings.trusted_proxies
    )
