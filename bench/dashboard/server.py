"""The servers of a measurement: a database of its own, a broker and one process of the API."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.home import make_home, owned
from app.embedded.servers import embedded_servers
from app.migration import migrate
from app.store.database import make_engine
from bench.dashboard.data import SECRET, Generated, generated


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where the service of this measurement answers."""

    url: str
    database_url: str
    data: Generated
    #: Process ids.
    api: int
    database: int

    @property
    def key(self) -> str:
        return self.data.keys[0]


@contextmanager
def installation(home: Path) -> Iterator[Installation]:
    """Starts the servers in a folder; a database that is there already is used again."""
    home = make_home(home)
    with owned(home), embedded_servers(home) as servers:
        url = servers.database.url("clinic")
        migrate(url)
        engine = make_engine(url, answer_s=3600)
        data = generated(engine, home / "dashboard-bench.json")
        engine.dispose()
        environ = {
            **os.environ,
            "CLINIC_HOME": str(home),
            "CLINIC_SECRET": SECRET,
            "CLINIC_DATABASE_URL": url,
            "CLINIC_BROKER_URL": servers.broker.url,
            # all viewers are at one address here
            "CLINIC_REQUESTS_PER_S": "5000",
            "CLINIC_ADDRESS_REQUESTS_PER_S": "5000",
            "CLINIC_REQUESTS_AT_ONCE": "100",
        }
        with _api(environ) as (address, api):
            yield Installation(
                url=address,
                database_url=url,
                data=data,
                api=api,
                database=_postmaster(home),
            )


@contextmanager
def _api(environ: dict[str, str]) -> Iterator[tuple[str, int]]:
    command = (
        *(sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app"),
        *("--port", "0", "--no-access-log"),
    )
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield _address(process), process.pid
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stderr or ():
        found = re.search(r"running on (http://\S+)", line)
        if found:
            return found.group(1)
    detail = "the service does not start"
    raise RuntimeError(detail)


def _postmaster(home: Path) -> int:
    (note,) = home.rglob("postmaster.pid")
    return int(note.read_text().split()[0])
