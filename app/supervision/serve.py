"""Starts the whole service, watches its programs, and stops them in reverse order."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

from app.embedded.home import (
    DATABASE_URL_FILE,
    SECRET_FILE,
    keep_secret,
    make_home,
    owned,
    write_private,
)
from app.embedded.ports import free_port, require_free
from app.embedded.servers import embedded_servers
from app.migration import migrate
from app.processes import ChildProgram, Command
from app.settings import Serving, Settings
from app.supervision.admin_key import admin_key_file, make_admin_key
from app.supervision.programs import api_program, worker_program
from app.supervision.restarting import RestartedProgram
from app.supervision.termination import until_terminated

#: With both servers one after the other, everything has ended 10 s after SIGTERM, with 1 s spare.
PROGRAMS_STOP_S = 6.0
SERVER_STOP_S = 1.5
#: Seconds between two checks of the programs where no child process ends.
CHECK_EVERY_S = 0.25
READY_TIMEOUT_S = 1.0

Say = Callable[[str], None]


def serve(serving: Serving, environ: Mapping[str, str], *, say: Say) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP. Raises Misconfigured before anything is started."""
    make_home(serving.home)
    with owned(serving.home), until_terminated():
        port = _port(serving)
        with _environment(serving, environ) as environment:
            settings = Settings.read(environment.variables)
            migrate(settings.database_url)
            key = make_admin_key(settings)
            service = _Service(serving=serving, port=port, key=key, environment=environment)
            _run(service, say=say)


@dataclass(frozen=True, kw_only=True)
class _Environment:
    #: For the API and the workers.
    variables: Mapping[str, str]
    #: The embedded servers, in the order of their start.
    servers: tuple[ChildProgram, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Service:
    serving: Serving
    port: int
    #: The admin key where this start has made it.
    key: str | None
    environment: _Environment

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
def _environment(serving: Serving, environ: Mapping[str, str]) -> Iterator[_Environment]:
    """The environment of the API and the workers. The servers that it names run in the block."""
    common = {
        **environ,
        "CLINIC_HOME": str(serving.home),
        "CLINIC_SLOTS": str(serving.slots),
        "PYTHONUNBUFFERED": "1",
    }
    if serving.database_url:
        yield _Environment(variables=common)
        return
    with embedded_servers(serving.home) as servers:
        write_private(serving.home / DATABASE_URL_FILE, servers.database.url())
        addresses = {
            "CLINIC_SECRET": serving.secret or keep_secret(serving.home / SECRET_FILE),
            "CLINIC_DATABASE_URL": servers.database.url(),
            "CLINIC_BROKER_URL": servers.broker.url,
        }
        children = (servers.database.child, servers.broker.child)
        yield _Environment(variables=common | addresses, servers=children)


def _run(service: _Service, *, say: Say) -> None:
    servers = [
        RestartedProgram(command=child.command, say=say, child=child, started_at_s=time.monotonic())
        for child in service.environment.servers
    ]
    programs = [RestartedProgram(command=program, say=say) for program in _programs(service)]
    address_file = service.serving.home / "address"
    with _waking_when_a_child_ends() as wait:
        try:
            _start_due(programs)
            address_file.write_text(service.address + "\n")
            _announce(service, say=say)
            is_ready = False
            while True:
                wait()
                _start_due([*servers, *programs])
                if not is_ready and _answers_ready(service.address):
                    say("Ready: the database, the broker and a worker answer.")
                    is_ready = True
        finally:
            address_file.unlink(missing_ok=True)
            _stop(programs, within_s=PROGRAMS_STOP_S)
            for server in reversed(servers):
                _stop([server], within_s=SERVER_STOP_S)


def _programs(service: _Service) -> list[Command]:
    serving, environ = service.serving, service.environment.variables
    return [api_program(serving, port=service.port, environ=environ)] + [
        worker_program(serving, number=number, environ=environ)
        for number in range(1, serving.workers + 1)
    ]


def _start_due(programs: Sequence[RestartedProgram]) -> None:
    for program in programs:
        program.start_if_due(time.monotonic())


def _stop(programs: Sequence[RestartedProgram], *, within_s: float) -> None:
    """Ask all to stop, then wait for each. Kills those that run after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    children = [program.child for program in programs if program.child is not None]
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(within_s=max(0.0, deadline - time.monotonic()))


def _announce(service: _Service, *, say: Say) -> None:
    say(f"Gradient Clinic answers at {service.address}; its API page is {service.address}/docs")
    key_file = admin_key_file(service.serving.home)
    if service.key is not None:
        say(f"The admin key, which is also in {key_file}: {service.key}")
    else:
        say(f"The admin key is in {key_file}")


def _answers_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=READY_TIMEOUT_S) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (URLError, OSError):
        return False


@contextmanager
def _waking_when_a_child_ends() -> Iterator[Callable[[], None]]:
    """A function that waits until a child process ends, or CHECK_EVERY_S."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait() -> None:
        if select.select([reader], [], [], CHECK_EVERY_S)[0]:
            os.read(reader, 4096)

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        os.close(reader)
        os.close(writer)
