"""The embedded servers live and die with the process that started them."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from app.domain.errors import Misconfigured
from app.embedded.home import is_owned, keep_secret, owned
from app.embedded.servers import Servers, embedded_servers
from tests.processes import wait_until_dead

OWNER = """
import sys, time
from pathlib import Path
from app.embedded.home import owned
from app.embedded.servers import embedded_servers

home = Path(sys.argv[1])
with owned(home), embedded_servers(home) as servers:
    print(servers.database.child.process.pid, servers.broker.child.process.pid, flush=True)
    print(servers.database.url(), flush=True)
    time.sleep(600)
"""


def psycopg_url(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def test_the_database_speaks_utf8_in_the_c_locale_and_is_durable(servers: Servers):
    with psycopg.connect(psycopg_url(servers.database.url())) as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), datcollate, current_setting('fsync'),"
            " current_setting('listen_addresses') FROM pg_database WHERE datname = 'clinic'"
        ).fetchone()

    assert row == ("UTF8", "C", "on", "127.0.0.1")


def test_the_database_asks_for_the_password(servers: Servers):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1",
            port=servers.database.port,
            user="clinic",
            password="guess",
            dbname="clinic",
        )


def test_the_broker_asks_for_the_password_and_never_evicts(servers: Servers):
    anonymous = redis.Redis.from_url("redis://" + servers.broker.url.partition("@")[2])
    with anonymous, pytest.raises(redis.AuthenticationError):
        anonymous.ping()

    with redis.Redis.from_url(servers.broker.url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_no_password_stands_in_an_argument(servers: Servers):
    for child in (servers.database.child, servers.broker.child):
        arguments = Path(f"/proc/{child.process.pid}/cmdline").read_bytes().decode()

        assert servers.database.password not in arguments
        assert servers.broker.url.partition("@")[0].rpartition(":")[2] not in arguments


def test_secrets_are_for_their_owner_alone_and_stay(home: Path):
    first = keep_secret(home / "secret")

    assert keep_secret(home / "secret") == first
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600


def test_a_home_has_one_owner(home: Path):
    with (
        owned(home),
        pytest.raises(Misconfigured, match=f"process {os.getpid()}"),
        owned(home),
    ):
        pass

    assert not is_owned(home)
    with owned(home):
        assert is_owned(home)


def test_a_home_that_cannot_be_written_to_is_told_in_a_sentence(home: Path):
    (home / "lock").mkdir()

    with pytest.raises(Misconfigured, match="CLINIC_HOME cannot be written to"), owned(home):
        pass


def test_both_servers_die_with_a_killed_owner_and_the_next_start_goes_on(home: Path):
    command = [sys.executable, "-c", OWNER, str(home)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner, owner.stdout as output:
        postmaster, broker = (int(pid) for pid in output.readline().split())
        with psycopg.connect(psycopg_url(output.readline().strip())) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        owner.send_signal(signal.SIGKILL)

    with owned(home), embedded_servers(home) as servers:
        wait_until_dead(postmaster, broker, within_s=5)
        with psycopg.connect(psycopg_url(servers.database.url())) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_note_whose_process_is_somebody_elses_does_not_stop_the_start(home: Path):
    with owned(home):
        with embedded_servers(home):
            pass
        note = home / "postgres" / "cluster" / "postmaster.pid"
        note.write_text(f"{os.getpid()}\n/elsewhere\n0\n5432\n\n127.0.0.1\n\nready\n")

        with embedded_servers(home) as servers:
            assert servers.database.child.is_alive


def test_closed_folders_above_the_home_stay_closed(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    home.mkdir(mode=0o700)

    with owned(home), embedded_servers(home):
        modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (closed, home)]

    assert modes == [0o700, 0o700]
