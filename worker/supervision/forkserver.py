"""The forkserver: imports all that training needs once, then forks a fresh child for each order.

It has one thread and runs no tensor operation, so that a fork copies nothing half done. It ends
with its worker and its children end with it: by the kernel's word, and by their closed lines.
Interrupts and termination are for the worker to hear; it decides what becomes of the children.
"""

import gc
import logging
import os
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import numpy.ma  # noqa: F401 - the first `np.unique` would import it, which takes 70 ms
import torch._dynamo  # noqa: F401 - the first optimizer would import it, which takes 2 s

from app.processes import end_with_parent
from app.settings import Settings
from worker.execution.execute import carry_out
from worker.supervision.children import FORK, READY

logger = logging.getLogger(__name__)
#: A child whose own code failed to catch what went wrong.
EXIT_BROKEN = 72


class Server:
    """Forks on request and reports the ends of its children."""

    def __init__(self, line: socket.socket, settings: Settings) -> None:
        self._line = line
        self._settings = settings
        self._status_of: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()

    def serve(self) -> None:
        """Answer until the worker's end of the line closes."""
        self._watch_children()
        self._line.send(READY)
        with selectors.DefaultSelector() as selector:
            selector.register(self._line, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake_read in ready:
                    os.read(self._wake_read, 4096)
                    self._report_ended()
                if self._line in ready and not self._fork():
                    return

    def _watch_children(self) -> None:
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _fork(self) -> bool:
        request, fds, _, _ = socket.recv_fds(self._line, len(FORK), 2)
        if not request:
            return False
        control_fd, status_fd = fds
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(control_fd, status_fd, parent)
        os.close(control_fd)
        self._status_of[pid] = status_fd
        _tell(status_fd, pid)
        return True

    def _become_child(self, control_fd: int, status_fd: int, parent: int) -> NoReturn:
        """Carry out one order and leave; never returns into the server's code."""
        code = EXIT_BROKEN
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            end_with_parent(parent)
            for fd in (self._wake_read, self._wake_write, status_fd, *self._status_of.values()):
                os.close(fd)
            self._line.close()
            code = carry_out(socket.socket(fileno=control_fd), self._settings)
        except BaseException:
            logger.exception("A training process failed outside of its run.")
        finally:
            with suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _report_ended(self) -> None:
        while self._status_of:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            status_fd = self._status_of.pop(pid)
            _tell(status_fd, os.waitstatus_to_exitcode(status))
            os.close(status_fd)


def _tell(status_fd: int, number: int) -> None:
    """Write one line; a supervisor that has hung up is not missed."""
    with suppress(BrokenPipeError):
        os.write(status_fd, b"%d\n" % number)


def _count_threads() -> int:
    """Threads of any library, where the system tells; Python knows only of its own."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def main(line_fd: int, worker_pid: int) -> None:
    end_with_parent(worker_pid)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # cuBLAS reads it when CUDA wakes up; without it there are no deterministic products
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    settings = Settings.read(os.environ)
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if _count_threads() != 1:
        detail = "the forkserver must have one thread: a fork copies no other"
        raise RuntimeError(detail)
    gc.collect()
    # pages of what is imported stay shared with the children
    gc.freeze()
    Server(socket.socket(fileno=line_fd), settings).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
