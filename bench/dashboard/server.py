"""The servers of a measurement: a database of its own, a broker and one process of the API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.home import make_home, owned
from app.embedded.servers import embedded_servers
from app.migration import migrate
from app.store.database import make_engine
from bench.api_process import api_process
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
        with api_process(environ) as (address, api):
            yield Installation(
                url=address,
                database_url=url,
                data=data,
                api=api,
                database=_postmaster(home),
            )


def _postmaster(home: Path) -> int:
    (note,) = home.rglob("postmaster.pid")
    return int(note.read_text().split()[0])
