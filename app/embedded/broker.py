"""A Valkey for the messages to workers. It stores nothing on disk: a lost message costs little."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from app.domain.errors import Misconfigured
from app.embedded.binaries import valkey_server
from app.embedded.home import keep_secret, write_private
from app.embedded.ports import free_port
from app.processes import ChildProgram, Command, start

START_TRIES = 3
START_TIMEOUT_S = 20.0
POLL_S = 0.02

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
daemonize no
save ""
appendonly no
maxmemory-policy noeviction
"""


@dataclass(frozen=True, kw_only=True)
class EmbeddedBroker:
    """A Valkey that answers requests."""

    child: ChildProgram
    url: str


def start_broker(home: Path) -> EmbeddedBroker:
    """Start it on a free port. The password is passed in a private file, not in the arguments."""
    password = keep_secret(home / "broker-password")
    folder = home / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    for _ in range(START_TRIES):
        port = free_port()
        text = CONFIGURATION.format(port=port, password=password, folder=folder)
        write_private(folder / "valkey.conf", text)
        child = start(
            Command(
                name="valkey",
                arguments=[str(valkey_server()), str(folder / "valkey.conf")],
                log=home / "logs" / "valkey.log",
                environ={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                folder=folder,
            )
        )
        broker = EmbeddedBroker(child=child, url=f"redis://:{password}@127.0.0.1:{port}/0")
        if _is_ready(broker):
            return broker
        child.stop(within_s=2.0)
    detail = f"The embedded Valkey does not start: see {home / 'logs' / 'valkey.log'}."
    raise Misconfigured(detail)


def _is_ready(broker: EmbeddedBroker) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    with redis.Redis.from_url(broker.url, socket_connect_timeout=1, socket_timeout=1) as client:
        while broker.child.is_alive and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(POLL_S)
            else:
                return True
    return False
