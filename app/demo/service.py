"""Joins the service that runs on this home, or starts one for as long as the demo lasts."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.embedded.home import is_owned
from app.settings import Serving

_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 15.0
_POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that answers."""

    address: str
    key: str
    #: False where it ran before the demo came, and goes on after it.
    is_ours: bool


@contextmanager
def service() -> Iterator[Service]:
    """The service of this home. Raises SystemExit when it does not come up."""
    serving = Serving.read(os.environ)
    if is_owned(serving.home):  # by a service that may still be starting
        address = _await_ready(serving.home, is_alive=lambda: is_owned(serving.home))
        yield Service(address=address, key=_key(serving.home), is_ours=False)
        return
    process = _start(serving)
    try:
        address = _await_ready(serving.home, is_alive=lambda: process.poll() is None)
        yield Service(address=address, key=_key(serving.home), is_ours=True)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_TIMEOUT_S)


def _start(serving: Serving) -> "subprocess.Popen[bytes]":
    environ = dict(os.environ)
    if "CLINIC_PORT" not in environ and not _is_free(serving.host, serving.port):
        environ["CLINIC_PORT"] = "0"
    (serving.home / "address").unlink(missing_ok=True)
    command = [sys.executable, "-m", "app.cli", "serve", "--end-with-parent"]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)  # noqa: S603 - ours


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _await_ready(home: Path, *, is_alive: Callable[[], bool]) -> str:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if not is_alive():
            sys.exit("the service ended while it started; its reason stands above")
        address = _address(home)
        if address is not None and _is_ready(address):
            return address
        time.sleep(_POLL_S)
    sys.exit(f"the service was not ready after {_START_TIMEOUT_S:.0f} s; see {home}/logs")


def _address(home: Path) -> str | None:
    path = home / "address"
    return path.read_text().strip() if path.exists() else None


def _key(home: Path) -> str:
    return (home / "admin-key").read_text().strip()


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2.0).is_success
    except httpx.TransportError:
        return False
