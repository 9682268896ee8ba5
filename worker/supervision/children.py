"""The worker's side of the forkserver: starts children, exchanges messages, learns how they end.

Each child is connected to its worker in two ways. `control` is a socket: it carries the command to
the child, then messages of one byte in both directions. `status` is a pipe on which the forkserver,
the parent of the child, writes the child's process id and, at the end, its exit code. It closes
without an exit code when the forkserver itself is killed.
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
from worker.execution.commands import CANCEL, COMMANDS, PAUSE, STOP, AnyCommand

#: Time limit for importing torch, which takes many seconds from a cold disk.
IMPORT_S = 120.0
#: Time limit for a fork, which a living forkserver does at once.
FORK_S = 10.0
READY = b"r"
FORK = b"f"


class ForkServer:
    """Starts the forkserver and asks it for children; see `forkserver` for the other side."""

    def __init__(self, environ: Mapping[str, str], *, threads_per_run: int) -> None:
        self._environ = dict(environ)
        self._threads_per_run = threads_per_run
        self._lock = threading.Lock()
        self._socket, self._server_socket = socket.socketpair()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process and waits until it has imported torch. Raises Unavailable.

        Call it in the main thread: the kernel ends the forkserver together with the thread that
        started it.
        """
        server_socket = self._server_socket.fileno()
        # `-P`: the module is found where this process found it, not in the present folder
        command = (
            sys.executable,
            "-P",
            "-m",
            "worker.supervision.forkserver",
            str(server_socket),
            str(os.getpid()),
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            env=self._environ
            | {
                "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                # OpenBLAS would start threads at import, and a fork copies only one thread
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": str(self._threads_per_run),
            },
            pass_fds=(server_socket,),
            stdin=subprocess.DEVNULL,
        )
        self._server_socket.close()
        self._socket.settimeout(IMPORT_S)
        if self._socket.recv(1) != READY:
            detail = "The forkserver did not become ready; its errors are in the log."
            raise Unavailable(detail)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self, command: AnyCommand) -> "Child":
        """Forks a child and sends it the command. Raises Unavailable without a forkserver."""
        own_socket, child_socket = socket.socketpair()
        status_read, status_write = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [FORK], [child_socket.fileno(), status_write])
        except OSError as error:
            own_socket.close()
            os.close(status_read)
            detail = "The forkserver is gone."
            raise Unavailable(detail) from error
        finally:
            child_socket.close()
            os.close(status_write)
        child = Child(control=own_socket, status_fd=status_read)
        child.send_command(COMMANDS.dump_json(command) + b"\n")
        return child

    def stop(self) -> None:
        """Kills the forkserver; the kernel then kills its children."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket.close()


@dataclass(kw_only=True)
class Child:
    """One forked process and the connections to it."""

    control: socket.socket
    #: Readable when the child has started, has ended, or its forkserver has.
    status_fd: int
    pid: int | None = None
    #: As in `subprocess`: negative for a signal, None while the child runs.
    exit_code: int | None = None
    _status: bytearray = field(default_factory=bytearray)

    def send_command(self, command: bytes) -> None:
        """Sends the command once the child has started.

        Raises Unavailable when the forkserver does not answer.
        """
        self._wait_for_pid()
        self.control.settimeout(FORK_S)
        # when the child died at once, its status shows it
        with suppress(OSError):
            self.control.sendall(command)
        self.control.settimeout(0)

    def has_ended(self) -> bool:
        """Reads the status, without waiting; returns whether the child has ended."""
        while self.exit_code is None and select.select([self.status_fd], [], [], 0)[0]:
            self._read_status()
        return self.exit_code is not None

    def wait(self, timeout_s: float) -> bool:
        """Waits for the child's end; returns whether it came within `timeout_s`."""
        select.select([self.status_fd], [], [], timeout_s)
        return self.has_ended()

    def cancel(self) -> None:
        """Tells the child to stop training and to end its run as cancelled."""
        with suppress(OSError):
            self.control.send(CANCEL)

    def stop(self) -> None:
        """Tells the child to stop training and to end its run at a critical finding."""
        with suppress(OSError):
            self.control.send(STOP)

    def pause(self) -> None:
        """Tells the child to leave a checkpoint and to exit; its run is to continue elsewhere."""
        with suppress(OSError):
            self.control.send(PAUSE)

    def read_messages(self) -> bytes:
        """Returns the messages since the last call, `PROGRESS` and `WAITING`, oldest first."""
        try:
            return self.control.recv(4096)
        except OSError:
            return b""

    def read_answer(self) -> bytes:
        """Returns everything that the child sends until it closes the socket."""
        self.control.settimeout(IMPORT_S)
        parts = []
        while part := self.control.recv(4096):
            parts.append(part)
        return b"".join(parts)

    def kill(self) -> None:
        """Kills the child and waits for its end."""
        if self.pid is not None and not self.has_ended():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.wait(FORK_S)

    def close(self) -> None:
        """Closes the connections."""
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
        received = os.read(self.status_fd, 64)
        if not received:
            # the forkserver was killed, and the kernel kills its children with it
            self.exit_code = -signal.SIGKILL
            return
        self._status += received
        *lines, rest = bytes(self._status).split(b"\n")
        self._status = bytearray(rest)
        for line in lines:
            if self.pid is None:
                self.pid = int(line)
            else:
                self.exit_code = int(line)
