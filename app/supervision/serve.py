"""From an empty home to a service that answers, and back: what is started last is stopped first."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

from app.embedded.home import keep_secret, make_home, owned, write_private
from app.embedded.ports import free_port, require_free
from app.embedded.servers import embedded_servers
from app.migration import migrate
from app.processes import ChildProgram, Command
from app.settings import Serving, Settings
from app.supervision.admin_key import admin_key_file, make_admin_key
from app.supervision.keeper import Keeper
from app.supervision.programs import api_program, worker_program
from app.supervision.termination import until_terminated

#: Together with one second in hand everything has ended 10 s after SIGTERM.
PROGRAMS_STOP_S = 6.0
SERVER_STOP_S = 1.5
LOOK_AGAIN_S = 0.25
READY_PROBE_S = 1.0

Say = Callable[[str], None]


def serve(serving: Serving, environ: Mapping[str, str], *, say: Say) -> None:
    """Run until SIGTERM or SIGINT. Raises Misconfigured before anything has been started."""
    make_home(serving.home)
    with owned(serving.home), until_terminated():
        port = _port(serving)
        with _surroundings(serving, environ) as surroundings:
            settings = Settings.read(surroundings.environ)
            migrate(settings.database_url)
            key = make_admin_key(settings)
            service = _Service(serving=serving, port=port, key=key, surroundings=surroundings)
            _run(service, say=say)


@dataclass(frozen=True, kw_only=True)
class _Surroundings:
    #: What the API and the workers find in their environment.
    environ: Mapping[str, str]
    #: The embedded servers, in the order of their start.
    servers: tuple[ChildProgram, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Service:
    serving: Serving
    port: int
    #: The admin key, when this start has made it.
    key: str | None
    surroundings: _Surroundings

    @property
    def address(self) -> str:
        everywhere = self.serving.host in {"0.0.0.0", "::"}  # noqa: S104 - read, not bound
        return f"http://{'127.0.0.1' if everywhere else self.serving.host}:{self.port}"


def _port(serving: Serving) -> int:
    if serving.port == 0:
        return free_port(serving.host)
    require_free(serving.host, serving.port, variable="CLINIC_PORT")
    return serving.port


@contextmanager
def _surroundings(serving: Serving, environ: Mapping[str, str]) -> Iterator[_Surroundings]:
    """The environment of the API and the workers, with the servers that it names running."""
    common = {
        **environ,
        "CLINIC_HOME": str(serving.home),
        "CLINIC_SLOTS": str(serving.slots),
        "PYTHONUNBUFFERED": "1",
    }
    if serving.database_url:
        yield _Surroundings(environ=common)
        return
    with embedded_servers(serving.home) as servers:
        write_private(serving.home / "database-url", servers.database.url())
        addresses = {
            "CLINIC_SECRET": serving.secret or keep_secret(serving.home / "secret"),
            "CLINIC_DATABASE_URL": servers.database.url(),
            "CLINIC_BROKER_URL": servers.broker.url,
        }
        children = (servers.database.child, servers.broker.child)
        yield _Surroundings(environ=common | addresses, servers=children)


def _run(service: _Service, *, say: Say) -> None:
    servers = [
        Keeper(command=child.command, say=say, child=child, started_at_s=time.monotonic())
        for child in service.surroundings.servers
    ]
    programs = [Keeper(command=program, say=say) for program in _programs(service)]
    address_file = service.serving.home / "address"
    with _woken_by_children() as wait:
        try:
            _tend(programs)
            address_file.write_text(service.address + "\n")
            _announce(service, say=say)
            is_ready = False
            while True:
                wait()
                _tend([*servers, *programs])
                if not is_ready and _answers_ready(service.address):
                    say("Ready: the database, the broker and a worker are there.")
                    is_ready = True
        finally:
            address_file.unlink(missing_ok=True)
            _stop(programs, within_s=PROGRAMS_STOP_S)
            for server in reversed(servers):
                _stop([server], within_s=SERVER_STOP_S)


def _programs(service: _Service) -> list[Command]:
    serving, environ = service.serving, service.surroundings.environ
    return [api_program(serving, port=service.port, environ=environ)] + [
        worker_program(serving, number=number, environ=environ)
        for number in range(1, serving.workers + 1)
    ]


def _tend(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        keeper.tend(time.monotonic())


def _stop(keepers: Sequence[Keeper], *, within_s: float) -> None:
    """Ask all at once, so that the slowest decides how long it takes."""
    deadline = time.monotonic() + within_s
    children = [keeper.child for keeper in keepers if keeper.child is not None]
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(within_s=max(0.0, deadline - time.monotonic()))


def _announce(service: _Service, *, say: Say) -> None:
    say(f"Gradient Clinic answers at {service.address}; the API's page: {service.address}/docs")
    key_file = admin_key_file(service.serving.home)
    if service.key is not None:
        say(f"The admin key, shown this once and kept in {key_file}: {service.key}")
    else:
        say(f"The admin key was made at the first start; it is in {key_file}")


def _answers_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=READY_PROBE_S) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (URLError, OSError):
        return False


@contextmanager
def _woken_by_children() -> Iterator[Callable[[], None]]:
    """A wait that ends when a child does, or after a moment."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait() -> None:
        if select.select([reader], [], [], LOOK_AGAIN_S)[0]:
            os.read(reader, 4096)

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        os.close(reader)
        os.close(writer)
