"""The forkserver: imports torch once, then forks a fresh child for each command.

Each run trains in its own process, so that a crash, a leak or a kill for memory ends one run only,
and no state of CUDA or torch passes from one run to the next. A fresh interpreter would import
torch for seconds; a fork takes milliseconds and shares the imported pages. The worker itself cannot
fork safely, because it has threads. The forkserver has one thread and runs no tensor operation.
Celery's own pool of processes would not do: each serves one task after the other and keeps what
torch and CUDA have allocated, and as daemons they may not have children.

It ends with its worker, and its children end with it: the kernel sends them a signal
(PR_SET_PDEATHSIG), and their sockets close. It ignores SIGINT and SIGTERM, because the worker
decides how the children end. `make chaos` kills workers, forkservers and children, and
docs/reliability.md tells what became of their runs.
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
from worker.supervision.carry_out import carry_out
from worker.supervision.children import FORK, READY

logger = logging.getLogger(__name__)
#: Exit code of a child that failed with an error outside its run.
EXIT_BROKEN = 72


class Server:
    """Forks children on request and reports how they end."""

    def __init__(self, worker: socket.socket, settings: Settings) -> None:
        self._worker = worker
        self._settings = settings
        self._status_of: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()

    def serve(self) -> None:
        """Serves requests until the worker closes its socket."""
        self._watch_children()
        self._worker.send(READY)
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake_read in ready:
                    os.read(self._wake_read, 4096)
                    self._report_ended()
                if self._worker in ready and not self._fork():
                    return

    def _watch_children(self) -> None:
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _fork(self) -> bool:
        request, fds, _, _ = socket.recv_fds(self._worker, len(FORK), 2)
        if not request:
            return False
        control_fd, status_fd = fds
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(control_fd, status_fd, parent)
        os.close(control_fd)
        self._status_of[pid] = status_fd
        _write_status(status_fd, pid)
        return True

    def _become_child(self, control_fd: int, status_fd: int, parent: int) -> NoReturn:
        """Carries out one command and exits; never returns into the server's code."""
        code = EXIT_BROKEN
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            end_with_parent(parent)
            for fd in (self._wake_read, self._wake_write, status_fd, *self._status_of.values()):
                os.close(fd)
            self._worker.close()
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
            _write_status(status_fd, os.waitstatus_to_exitcode(status))
            os.close(status_fd)


def _write_status(status_fd: int, number: int) -> None:
    """Writes one line to a child's status pipe, unless its supervisor has closed the other end."""
    with suppress(BrokenPipeError):
        os.write(status_fd, b"%d\n" % number)


def _count_threads() -> int:
    """Counts the threads of this process; without /proc, only those that Python started."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def main(socket_fd: int, worker_pid: int) -> None:
    """Runs the forkserver of one worker. Raises RuntimeError when it has more than one thread."""
    end_with_parent(worker_pid)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # cuBLAS reads it when CUDA is initialised; deterministic matrix products need it
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    settings = Settings.read(os.environ)
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if _count_threads() != 1:
        detail = "the forkserver must have one thread, because a fork copies no other"
        raise RuntimeError(detail)
    gc.collect()
    # keeps the pages of imported modules shared with the children
    gc.freeze()
    Server(socket.socket(fileno=socket_fd), settings).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
