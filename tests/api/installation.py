"""The API as its operators run it: a process of its own, on a database of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine

from app.domain.access import Scope
from app.embedded.home import make_home, owned
from app.embedded.servers import embedded_servers
from app.services.accounts.create_key import create_key
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.store.workspaces import insert_workspace
from tests.databases import Databases
from tests.processes import resident_bytes

SECRET = "0123456789abcdef0123456789abcdef"
START_TIMEOUT_S = 180.0
COMMAND = (sys.executable, "-m", "app.server", "--port", "0")
_ADDRESS = "running on "


@dataclass(frozen=True, kw_only=True)
class ApiProcess:
    """One process of the API that answers at `url`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def rss_bytes(self) -> int:
        """What of its memory is in the machine's."""
        return resident_bytes(self.pid)

    def client(self, key: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def stop(self) -> float:
        """Seconds from SIGTERM to the end of the process."""
        asked_at = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - asked_at


@contextmanager
def api_process(
    settings: Settings, *, command: Sequence[str] = COMMAND, **changes: str
) -> Iterator[ApiProcess]:
    """The API under these settings; further keyword arguments are variables."""
    environ = {
        **os.environ,
        "CLINIC_HOME": str(settings.home),
        "CLINIC_SECRET": settings.secret,
        "CLINIC_DATABASE_URL": settings.database_url,
        "CLINIC_BROKER_URL": settings.broker_url,
        **changes,
    }
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process,
    ):
        try:
            path = Path(log.name)
            yield ApiProcess(process=process, url=_address_of(process, path), log=path)
        finally:
            process.kill()


def _address_of(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while _ADDRESS not in (said := log.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(said)
        time.sleep(0.02)
    return said.split(_ADDRESS)[1].split()[0]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A migrated database with a workspace, and servers: what an API process needs."""

    settings: Settings
    engine: Engine
    #: Of the first workspace, with all scopes.
    key: str


@contextmanager
def standing_alone() -> Iterator[Installation]:
    """One with servers of its own, for programs outside the suite."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        with owned(home), embedded_servers(home) as servers:
            settings = Settings(
                home=home,
                secret=SECRET,
                database_url=Databases(servers.database).migrated(),
                broker_url=servers.broker.url,
            )
            with installed(settings) as made:
                yield made


@contextmanager
def installed(settings: Settings) -> Iterator[Installation]:
    """The first workspace, on a database that has none yet."""
    engine = make_engine(settings.database_url)
    yield Installation(settings=settings, engine=engine, key=new_workspace(engine, "first"))
    engine.dispose()


def new_workspace(engine: Engine, name: str) -> str:
    """A key with all scopes of a workspace just made."""
    with unit_of_work(engine) as work:
        workspace = insert_workspace(work.session, name=name)
        made = create_key(
            work, workspace_id=workspace.id, name="all", scopes=tuple(Scope), secret=SECRET
        )
    return made.secret
