"""The API's side of the process that checks uploads: starts it, and has it check one file."""

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from app.domain.errors import Unavailable
from app.domain.uploads import CheckedUpload, CheckRequest
from app.upload_checks.messages import READY, Checked, send_request

#: The costliest file of 62 MiB, a CSV of short texts that all differ, needs 2.3 GiB.
MAX_BYTES = 4 * 2**30
MAX_CPU_S = 600
#: Time limit for starting the process, which imports for half a second on an idle machine.
START_S = 60.0


class ForkServer:
    """Checks files in processes.

    The first check starts the server, and so does a check that finds it dead. One check may use
    `max_bytes` of addresses and `max_cpu_s` of CPU time.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_cpu_s: int = MAX_CPU_S) -> None:
        self._limits = (max_bytes, max_cpu_s)
        # the kernel ends the server together with the thread that started it, and the threads of
        # requests come and go
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="upload-checks")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._is_closed = False

    def check(self, request: CheckRequest, file: BinaryIO, stored: BinaryIO) -> CheckedUpload:
        """Returns what the file holds, and writes its stored form to `stored`.

        Raises InvalidData, TooLarge for a check that costs too much, and Unavailable when the
        process died.
        """
        read_fd, write_fd = os.pipe()
        with os.fdopen(read_fd, "rb") as answer:
            try:
                self._send(request, file.fileno(), write_fd, stored.fileno())
            finally:
                os.close(write_fd)
            received = answer.read()
        if not received:
            detail = "The process that checked the file ended early; try again shortly."
            raise Unavailable(detail)
        return Checked.model_validate_json(received).upload_or_raise()

    def close(self) -> None:
        """Kills the server; the kernel then kills its children, and checks raise Unavailable."""
        with self._lock:
            self._is_closed = True
            self._kill()
        self._starter.shutdown()

    def _send(self, request: CheckRequest, *fds: int) -> None:
        with self._lock:
            if self._socket is None or self._process is None or self._process.poll() is not None:
                self._start()
            assert self._socket is not None  # noqa: S101 - as just started
            try:
                send_request(self._socket, request, fds)
            except OSError as error:
                self._kill()
                detail = "The process that checks files is gone; try again shortly."
                raise Unavailable(detail) from error

    def _start(self) -> None:
        self._kill()
        if self._is_closed:
            detail = "The service is stopping."
            raise Unavailable(detail)
        self._socket, server_socket = socket.socketpair()
        with server_socket:
            self._process = self._starter.submit(
                _popen, server_socket.fileno(), *self._limits
            ).result()
        self._socket.settimeout(START_S)
        if self._socket.recv(1) != READY:
            detail = "The process that checks files did not start; its errors are in the log."
            raise Unavailable(detail)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._socket is not None:
            self._socket.close()
        self._process = self._socket = None


def _popen(socket_fd: int, *limits: int) -> subprocess.Popen[bytes]:
    # `-P`: the module is found where this process found it, not in the present folder
    command = (sys.executable, "-P", "-m", "app.upload_checks.process")
    return subprocess.Popen(  # noqa: S603 - our own module
        (*command, *map(str, (socket_fd, os.getpid(), *limits))),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            # OpenBLAS would start threads at import, and a fork copies only one thread
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            # what pyarrow frees returns to the system: a check takes up to a third less memory
            "MIMALLOC_ARENA_EAGER_COMMIT": "0",
        },
        pass_fds=(socket_fd,),
        stdin=subprocess.DEVNULL,
    )
