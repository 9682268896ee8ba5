"""The worker's side of the forkserver: start children, speak with them, learn how they ended.

Each child has two lines to its worker. `control` is a socket for the order, then single bytes both
ways. `status` is a pipe on which the forkserver, their real parent, writes the child's process id
and, at the end, its exit code; it closes without a code when the forkserver itself is killed.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from app.domain.errors import Unavailable
from worker.execution.orders import CANCEL, ORDERS, PAUSE, ListDevicesOrder, TrainOrder

#: Importing torch on a cold disk takes seconds.
WARM_UP_S = 120.0
#: A forkserver that is alive forks at once.
FORK_S = 10.0
READY = b"r"
FORK = b"f"


class ForkServer:
    """A process that has imported all that training needs and forks a fresh child per run."""

    def __init__(self, environ: Mapping[str, str], *, threads_per_run: int) -> None:
        self._environ = dict(environ)
        self._threads_per_run = threads_per_run
        self._lock = threading.Lock()
        self._line, self._far_end = socket.socketpair()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is warm; for the main thread, whose death would kill it."""
        far_end = self._far_end.fileno()
        # `-P`: the module is found where this process found it, not in the present folder
        command = (
            sys.executable,
            "-P",
            "-m",
            "worker.supervision.forkserver",
            str(far_end),
            str(os.getpid()),
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            env=self._environ
            | {
                "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                # NumPy's would start its threads at import, and a fork copies only one
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": str(self._threads_per_run),
            },
            pass_fds=(far_end,),
            stdin=subprocess.DEVNULL,
        )
        self._far_end.close()
        self._line.settimeout(WARM_UP_S)
        if self._line.recv(1) != READY:
            detail = "The forkserver did not become ready; its errors are in the log."
            raise Unavailable(detail)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self, order: TrainOrder | ListDevicesOrder) -> "Child":
        """Fork a child and hand it the order."""
        near, far = socket.socketpair()
        status_read, status_write = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._line, [FORK], [far.fileno(), status_write])
        except OSError as error:
            near.close()
            os.close(status_read)
            detail = "The forkserver is gone."
            raise Unavailable(detail) from error
        finally:
            far.close()
            os.close(status_write)
        child = Child(control=near, status_fd=status_read)
        child.hand_over(ORDERS.dump_json(order) + b"\n")
        return child

    def stop(self) -> None:
        """Kill it; the kernel then kills what it forked."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line.close()


@dataclass(kw_only=True)
class Child:
    """One forked process and the lines to it."""

    control: socket.socket
    #: Becomes readable when there is news of the child's life.
    status_fd: int
    pid: int | None = None
    #: As in `subprocess`: negative for a signal. None while it runs.
    exit_code: int | None = None
    _status: bytearray = field(default_factory=bytearray)

    def hand_over(self, order: bytes) -> None:
        self._wait_for_pid()
        self.control.settimeout(FORK_S)
        # a child that died at once is told by its status
        with suppress(OSError):
            self.control.sendall(order)
        self.control.settimeout(0)

    def has_ended(self) -> bool:
        """Read the news there is; true once the child is gone."""
        while self.exit_code is None and select.select([self.status_fd], [], [], 0)[0]:
            self._read_status()
        return self.exit_code is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait for the child's end; true when it came in time."""
        select.select([self.status_fd], [], [], timeout_s)
        return self.has_ended()

    def cancel(self) -> None:
        with suppress(OSError):
            self.control.send(CANCEL)

    def pause(self) -> None:
        with suppress(OSError):
            self.control.send(PAUSE)

    def listen(self) -> bytes:
        """What it has said since the last call: `TICK` and `WAIT`, oldest first."""
        try:
            return self.control.recv(4096)
        except OSError:
            return b""

    def answer(self) -> bytes:
        """All that the child says until it closes its line."""
        self.control.settimeout(WARM_UP_S)
        parts = []
        while part := self.control.recv(4096):
            parts.append(part)
        return b"".join(parts)

    def kill(self) -> None:
        """End it at once, and see it gone."""
        if self.pid is not None and not self.has_ended():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.wait(FORK_S)

    def close(self) -> None:
        self.control.close()
        os.close(self.status_fd)

    def _wait_for_pid(self) -> None:
        if select.select([self.status_fd], [], [], FORK_S)[0]:
            self._read_status()
        if self.pid is None and self.exit_code is None:
            self.close()
            detail = "The forkserver does not answer."
            raise Unavailable(detail)

    def _read_status(self) -> None:
        news = os.read(self.status_fd, 64)
        if not news:
            # the forkserver was killed, and the kernel kills its children with it
            self.exit_code = -signal.SIGKILL
            return
        self._status += news
        *lines, rest = bytes(self._status).split(b"\n")
        self._status = bytearray(rest)
        for line in lines:
            if self.pid is None:
                self.pid = int(line)
            else:
                self.exit_code = int(line)
