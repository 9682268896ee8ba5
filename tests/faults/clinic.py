"""A whole clinic with each part within reach: to be killed, stopped, cut off and started again.

The database and the broker stand behind proxies, so that they may come back on another port. All
that starts processes belongs to the main thread: they end with it.
"""

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import redis
from sqlalchemy import make_url

from app.domain.access import Scope
from app.domain.specs.job import JobSpec
from app.embedded.broker import EmbeddedBroker, start_broker
from app.embedded.database import EmbeddedDatabase, start_database
from app.embedded.home import make_home, owned
from app.embedded.ports import free_port
from app.migration import migrate
from app.processes import ChildProgram, start
from app.queue import RunQueue
from app.services.accounts.create_key import create_key
from app.settings import Serving
from app.store.database import unit_of_work
from app.supervision.programs import api_program
from tests.faults.checker import Remains
from tests.faults.proxy import Proxy
from tests.faults.worker_group import WorkerGroup
from tests.workers import SECRET, Runs, environ_of, wait_until

STOP_S = 5.0
#: Longer than the service takes to answer whatever happens, as it promises.
HTTP_TIMEOUT_S = 10.0
#: Where one machine sends the requests of many clients.
NO_RATES = {
    "CLINIC_REQUESTS_PER_S": "1000000",
    "CLINIC_ADDRESS_REQUESTS_PER_S": "1000000",
    "CLINIC_ANONYMOUS_REQUESTS_PER_S": "1000000",
}


class Api:
    """The API's process, and a client with all rights in the runs' workspace."""

    def __init__(self, home: Path, environ: Mapping[str, str], key: str) -> None:
        self._home, self._environ = home, environ
        self._port = free_port()
        self._child: ChildProgram | None = None
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=HTTP_TIMEOUT_S,
        )

    def keep(self, **changes: str) -> None:
        """Start it where it does not run; it answers a second or two later.

        Keyword arguments are further variables.
        """
        if self._child is None or not self._child.is_alive:
            environ = {**self._environ, **changes}
            program = api_program(Serving(home=self._home), port=self._port, environ=environ)
            self._child = start(program)

    @property
    def pid(self) -> int | None:
        is_there = self._child is not None and self._child.is_alive
        return self._child.process.pid if self._child is not None and is_there else None

    def answers(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        if self._child is not None:
            self._child.process.kill()
            self._child.process.wait()

    def close(self) -> None:
        self.kill()
        self.http.close()


class Clinic:
    """The servers behind their proxies, the API and a group of workers."""

    def __init__(self, home: Path, changes: Mapping[str, str], stack: ExitStack) -> None:
        """`changes` are further variables of the API and the workers."""
        self.home = home
        self._changes = dict(changes)
        #: What each spec leaves here when nothing happens to its run.
        self.undisturbed: dict[JobSpec, Remains] = {}
        self.to_database, self.to_broker = Proxy(), Proxy()
        stack.callback(self.to_broker.close)
        stack.callback(self.to_database.close)
        stack.callback(self.stop_broker)
        stack.callback(self.stop_database, signal.SIGINT)
        self._database: EmbeddedDatabase | None = None
        self._broker: EmbeddedBroker | None = None
        self.start_database()
        self.start_broker()
        migrate(self.database_url)
        self.runs = Runs(self.database_url)
        stack.callback(self.runs.engine.dispose)
        queue = RunQueue(self.broker_url)
        stack.callback(queue.close)
        self.group = WorkerGroup(
            home=home,
            database_url=self.database_url,
            broker_url=self.broker_url,
            runs=self.runs,
            queue=queue,
            changes=self._changes,
        )
        stack.callback(self.group.dismiss)
        environ = environ_of(home, self.database_url, self.broker_url) | self._changes
        self.api = Api(home, environ, self._make_key())
        stack.callback(self.api.close)

    @property
    def database_url(self) -> str:
        """By way of the proxy."""
        assert self._database is not None
        url = make_url(self._database.url()).set(port=self.to_database.port)
        return url.render_as_string(hide_password=False)

    @property
    def broker_url(self) -> str:
        """By way of the proxy."""
        assert self._broker is not None
        return self._broker.url.replace(f":{_port_of(self._broker)}/", f":{self.to_broker.port}/")

    def start_database(self) -> None:
        self._database = start_database(self.home)
        self.to_database.aim(self._database.port)

    def stop_database(self, how: signal.Signals = signal.SIGKILL) -> None:
        """SIGINT is a fast shutdown, SIGKILL leaves the log to be replayed."""
        if self._database is not None:
            self._database.child.process.send_signal(how)
            self._database.child.wait(within_s=STOP_S)

    def start_broker(self) -> None:
        self._broker = start_broker(self.home)
        self.to_broker.aim(_port_of(self._broker))

    def stop_broker(self, how: signal.Signals = signal.SIGKILL) -> None:
        """It keeps nothing, however it ends."""
        if self._broker is not None:
            self._broker.child.process.send_signal(how)
            self._broker.child.wait(within_s=STOP_S)

    def flush_broker(self) -> None:
        assert self._broker is not None
        with redis.Redis.from_url(self._broker.url) as client:
            client.flushall()

    def open_api(self) -> Api:
        """The API, answering."""
        self.api.keep()
        wait_until(self.api.answers)
        return self.api

    @contextmanager
    def direct_api(self) -> Iterator[Api]:
        """A new process of the API, answering, that reaches the servers without the proxies.

        The proxies are threads of this process: what it does else would delay the API's queries.
        """
        assert self._database is not None
        assert self._broker is not None
        urls = {"DATABASE": self._database.url(), "BROKER": self._broker.url}
        self.api.kill()
        self.api.keep(**{f"CLINIC_{name}_URL": url for name, url in urls.items()})
        wait_until(self.api.answers)
        yield self.api
        self.api.kill()

    def _make_key(self) -> str:
        with unit_of_work(self.runs.engine) as work:
            made = create_key(
                work,
                workspace_id=self.runs.workspace_id,
                name="faults",
                scopes=tuple(Scope),
                secret=SECRET,
            )
        return made.secret


@contextmanager
def open_clinic(home: Path, **changes: str) -> Iterator[Clinic]:
    """From an empty home to servers that answer; no worker and no API runs yet."""
    with ExitStack() as stack:
        stack.enter_context(owned(make_home(home)))
        yield Clinic(home, changes, stack)


def _port_of(broker: EmbeddedBroker) -> int:
    port = make_url(broker.url).port
    assert port is not None
    return port
