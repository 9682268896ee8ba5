"""The API as clients meet it: a real server, a database of its own, the real broker."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, text

from app.embedded.servers import Servers
from app.main import create_app
from app.server.listening import listen, make_server
from app.server.protocol import Deadlines
from app.settings import Settings
from tests.api.installation import SECRET, Installation, installed, new_workspace
from tests.databases import Databases


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """A running API and the means to look behind it."""

    app: FastAPI
    engine: Engine
    settings: Settings
    url: str
    #: Of the first workspace, whose admins run the installation.
    key: str
    #: Of another workspace.
    other_key: str

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def new_key(self, *scopes: str) -> str:
        """A key of the first workspace with these scopes alone."""
        with self.client() as client:
            answer = client.post("/v1/api-keys", json={"scopes": list(scopes)})
        return str(answer.json()["key"])


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free port, until the block is left; its address."""
    server = make_server(app, most=1000, deadlines=Deadlines(), drain_s=1, log_level="warning")
    socket = listen("127.0.0.1", 0)
    port = socket.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def api_settings(
    servers: Servers, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings on a database of the API's tests alone, so that others count no strangers."""
    return Settings(
        home=tmp_path_factory.mktemp("api-home"),
        secret=SECRET,
        database_url=databases.migrated(),
        broker_url=servers.broker.url,
    )


@pytest.fixture(scope="module")
def installation(
    servers: Servers, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """For a module that serves it by processes of its own, and leaves it as it pleases."""
    settings = Settings(
        home=tmp_path_factory.mktemp("installation"),
        secret=SECRET,
        database_url=databases.migrated(),
        broker_url=servers.broker.url,
    )
    with installed(settings) as made:
        yield made


@pytest.fixture(scope="session")
def clinic(api_settings: Settings) -> Iterator[Clinic]:
    engine = create_engine(api_settings.database_url)
    keys = [new_workspace(engine, name) for name in ("first", "other")]
    app = create_app(api_settings)
    with serving(app) as url:
        yield Clinic(
            app=app,
            engine=engine,
            settings=api_settings,
            url=url,
            key=keys[0],
            other_key=keys[1],
        )
    engine.dispose()


@pytest.fixture(scope="session")
def client(clinic: Clinic) -> Iterator[httpx.Client]:
    with clinic.client() as made:
        yield made


@pytest.fixture
def clinic_with(clinic: Clinic) -> Callable[..., Clinic]:
    """The same installation under other settings; to be served by the test."""

    def vary(**changes: object) -> Clinic:
        settings = clinic.settings.model_copy(update=changes)
        return replace(clinic, settings=settings, app=create_app(settings))

    return vary


@pytest.fixture
def no_worker(clinic: Clinic) -> None:
    """Workers that other tests registered are no longer there."""
    with clinic.engine.begin() as connection:
        connection.execute(text("UPDATE workers SET retired_at = now() WHERE retired_at IS NULL"))


def spec(**parts: object) -> dict[str, object]:
    """A job spec that is cheap and complete, but for what a test cares about."""
    model = {"kind": "elman", "hidden_size": 4}
    dataset = {"kind": "adding", "length": 10}
    return {"model": model, "dataset": dataset, "training": {"num_steps": 3}, **parts}


def post_run(client: httpx.Client, **parts: object) -> dict[str, Any]:
    answer = client.post("/v1/runs", json=spec(**parts))
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run
