"""`clinic serve` from outside: it starts, heals, refuses, stops, and leaves nothing behind."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import command_line, descendants, is_running, wait_until_dead

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
#: Under these the programs of a service are known by their command lines.
SERVERS = ("bin/postgres", "valkey-server")


def environ_of(home: Path, **changes: str) -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLINIC")}
    return inherited | {"CLINIC_HOME": str(home), "CLINIC_TIMING": "fast"} | changes


class Service:
    """One `clinic serve`, and what can be seen of it."""

    def __init__(self, home: Path, **changes: str) -> None:
        self.home = home
        # one for all questions: a client that is made loads every certificate there is
        self.http = httpx.Client(timeout=2.0)
        with (home.parent / "said").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", "--end-with-parent"],
                env=environ_of(home, CLINIC_PORT="0", **changes),
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return (self.home.parent / "said").read_text()

    def answers(self, path: str) -> bool:
        address = self.home / "address"
        try:
            url = address.read_text().strip() + path
            return self.http.get(url).status_code == httpx.codes.OK
        except (OSError, httpx.TransportError):
            return False

    def wait_for(self, path: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers(path):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def pid_of(self, words: str) -> int | None:
        mine = descendants(self.process.pid)
        return next((pid for pid in sorted(mine) if words in command_line(pid)), None)


@contextmanager
def serving(home: Path, **changes: str) -> Iterator[Service]:
    service = Service(home, **changes)
    try:
        yield service
    finally:
        service.http.close()
        if service.process.poll() is None:
            service.process.terminate()
            service.process.wait(STOP_TIMEOUT_S)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without workers that outlives one test."""
    with serving(tmp_path_factory.mktemp("shared") / "home", CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")
        yield service


def test_the_whole_service_starts_heals_stops_and_goes_on(home: Path):
    with serving(home) as service:
        service.wait_for("/readyz")
        key = (home / "admin-key").read_text().strip()
        assert key in service.said
        assert stat.S_IMODE((home / "admin-key").stat().st_mode) == 0o600

        worker = service.pid_of("celery --app worker.main")
        assert worker is not None
        orphans = descendants(worker)
        os.kill(worker, signal.SIGKILL)
        wait_until_dead(worker, *orphans, within_s=5)
        deadline = time.monotonic() + 5
        while service.pid_of("celery --app worker.main") in {None, worker}:
            assert time.monotonic() < deadline
            time.sleep(0.02)

        everything = descendants(service.process.pid)
        asked_at = time.monotonic()
        service.process.terminate()
        assert service.process.wait(STOP_TIMEOUT_S) == 0
        assert time.monotonic() - asked_at < STOP_TIMEOUT_S
        assert not any(is_running(pid) for pid in everything)
        assert not (home / "address").exists()

    with serving(home, CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")
        assert (home / "admin-key").read_text().strip() == key
        assert service.said.count(key) == 1


def test_a_killed_service_leaves_no_orphans_and_the_next_goes_on(home: Path):
    with serving(home, CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")
        everything = descendants(service.process.pid)
        assert all(service.pid_of(words) for words in (*SERVERS, "app.server"))

        service.process.kill()
        service.process.wait()

        wait_until_dead(*everything, within_s=5)

    with serving(home, CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")


@pytest.mark.parametrize(
    ("server", "where", "pattern"),
    [
        ("bin/postgres", "database-url", r":(\d+)/clinic"),
        ("valkey-server", "valkey/valkey.conf", r"port (\d+)"),
    ],
    ids=["postgres", "valkey"],
)
def test_a_killed_server_listens_again_where_it_did(
    shared: Service, server: str, where: str, pattern: str
):
    found = re.search(pattern, (shared.home / where).read_text())
    killed = shared.pid_of(server)
    assert found is not None
    assert killed is not None

    os.kill(killed, signal.SIGKILL)

    wait_until_dead(killed, within_s=5)
    deadline = time.monotonic() + 10
    while not is_listening(int(found.group(1))):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_service_ends_with_a_killed_parent(home: Path):
    source = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'app.cli', 'serve',"
        "'--end-with-parent']); print(p.pid, flush=True); p.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", source],
        env=environ_of(home, CLINIC_PORT="0", CLINIC_WORKERS="0"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent, parent.stdout as output:
        service = int(output.readline())
        while "answers at" not in output.readline():
            assert is_running(service)
        everything = descendants(service)
        parent.kill()

    wait_until_dead(service, *everything, within_s=STOP_TIMEOUT_S)


def test_a_second_service_on_the_same_home_is_refused(shared: Service):
    second = refused(shared.home, CLINIC_PORT="0")

    assert f"process {shared.process.pid}" in second
    assert "CLINIC_HOME" in second


def test_a_taken_port_is_one_line_that_names_the_variable(home: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = refused(home, CLINIC_PORT=str(port))

    assert re.fullmatch(rf"clinic: Port {port} on 127.0.0.1 is taken: .*CLINIC_PORT.*\n", said)


@pytest.mark.parametrize("value", ["99999", "web"])
def test_a_wrong_port_is_refused_before_anything_starts(home: Path, value: str):
    assert "CLINIC_PORT" in refused(home, CLINIC_PORT=value)
    assert not (home / "postgres").exists()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refused(home: Path, **changes: str) -> str:
    """What a start that must fail says, all of it."""
    command = [sys.executable, "-m", "app.cli", "serve"]
    ended = subprocess.run(
        command,
        env=environ_of(home, **changes),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stdout + ended.stderr
